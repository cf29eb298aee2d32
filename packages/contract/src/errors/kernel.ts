import { defineErrors } from './catalogue.ts';

/** Errors of the kernel that more than one area throws. An area's own errors stand in a file beside this one. */
export const kernelErrors = defineErrors({
  invalid_input: {
    status: 400,
    retryable: false,
    message: {
      en: 'The request does not fit: {reason}. Correct it and send it again.',
      'zh-CN': '请求不符合要求：{reason}。请更正后重新发送。',
    },
  },
  not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is no {what} {id}, or you may not see it. Check the id and the project.',
      'zh-CN': '没有找到{what} {id}，或者您无权查看。请检查编号和项目。',
    },
    nouns: ['what'],
  },
  route_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is nothing at {method} {path}. The reference at /api/docs lists every route.',
      'zh-CN': '{method} {path} 不存在。所有接口见 /api/docs。',
    },
  },
  unauthenticated: {
    status: 401,
    retryable: false,
    message: {
      en: 'You are not signed in, or your session or token has ended. Sign in again or send a valid token.',
      'zh-CN': '您尚未登录，或者会话、令牌已失效。请重新登录或使用有效令牌。',
    },
  },
  forbidden: {
    status: 403,
    retryable: false,
    message: {
      en: 'This needs the permission {permission}. Ask an administrator of the project for it.',
      'zh-CN': '此操作需要权限 {permission}。请向项目管理员申请。',
    },
  },
  conflict: {
    status: 409,
    retryable: false,
    message: {
      en: 'This can’t be done now: {reason}. Look at the present state and decide again.',
      'zh-CN': '现在无法执行：{reason}。请查看当前状态后再决定。',
    },
  },
  illegal_transition: {
    status: 409,
    retryable: false,
    message: {
      en: 'A {subject} that is {from} can’t become {to}. Look at its present state and decide again.',
      'zh-CN': '{subject} 处于 {from} 状态，不能变为 {to}。请查看当前状态后再决定。',
    },
  },
  too_many_requests: {
    status: 429,
    retryable: true,
    message: {
      en: 'Too many requests. Try again in {seconds} {seconds|second|seconds}.',
      'zh-CN': '请求过于频繁，请在 {seconds} 秒后重试。',
    },
  },
  payload_too_large: {
    status: 413,
    retryable: false,
    message: {
      en: 'The request is larger than the {limit} bytes allowed here. Send less, or use an upload at /api/v1/uploads.',
      'zh-CN': '请求超过此处允许的 {limit} 字节。请减小内容，或通过 /api/v1/uploads 上传。',
    },
  },
  unsupported_media_type: {
    status: 415,
    retryable: false,
    message: {
      en: 'The content type {type} is not understood here. Send application/json.',
      'zh-CN': '此处不支持内容类型 {type}。请使用 application/json。',
    },
  },
  database_unavailable: {
    status: 503,
    retryable: true,
    message: {
      en: 'The database can’t be reached at the moment. Nothing was changed; try again in a few seconds.',
      'zh-CN': '数据库暂时无法访问，没有任何更改。请几秒后重试。',
    },
  },
  storage_full: {
    status: 507,
    retryable: true,
    message: {
      en: 'There is not enough disk space ({free} bytes left). Free some space, then try again.',
      'zh-CN': '磁盘空间不足（剩余 {free} 字节）。请释放空间后重试。',
    },
  },
  timed_out: {
    status: 504,
    retryable: true,
    message: {
      en: '{what} did not answer within {seconds} {seconds|second|seconds}. Try again; if it stays so, look at its log.',
      'zh-CN': '{what} 在 {seconds} 秒内没有响应。请重试；如持续出现请查看日志。',
    },
  },
  stale_fence: {
    status: 409,
    retryable: false,
    message: {
      en: 'The allocation {allocation} belongs to an older attempt (fence {fence}). Its report was refused; end the work.',
      'zh-CN': '分配 {allocation} 属于过期的尝试（fence {fence}），报告已被拒绝，请结束该工作。',
    },
  },
  internal: {
    status: 500,
    retryable: true,
    message: {
      en: 'Something went wrong on our side. The log has the details under request {requestId}.',
      'zh-CN': '服务端发生错误。详情见日志中的请求 {requestId}。',
    },
  },
});
