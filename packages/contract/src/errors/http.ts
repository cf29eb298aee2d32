import { defineErrors } from './catalogue.ts';

/** Errors of the HTTP layer itself: what ends a request before a room of the house has seen it. */
export const httpErrors = defineErrors({
  malformed_address: {
    status: 400,
    retryable: false,
    message: {
      en: 'The address of the request is malformed or too long. Check its escapes (%…) and the ids in it.',
      'zh-CN': '请求地址格式错误或过长。请检查其中的转义（%…）和编号。',
    },
  },
  malformed_body: {
    status: 400,
    retryable: false,
    message: {
      en: 'The body is empty, cut off or not JSON. Send one JSON object in UTF-8, with its true length.',
      'zh-CN': '请求体为空、不完整或不是 JSON。请发送一个 UTF-8 编码的 JSON 对象，并给出正确长度。',
    },
  },
  unstorable_text: {
    status: 400,
    retryable: false,
    message: {
      en: 'The value at {place} holds characters or a number that can’t be stored (U+0000, half a surrogate pair, a number too large) or is nested too deeply. Send it without them.',
      'zh-CN':
        '{place} 处的值包含无法存储的字符或数字（U+0000、不完整的代理对、过大的数字），或嵌套过深。请去除后重试。',
    },
  },
  precondition_failed: {
    status: 412,
    retryable: false,
    message: {
      en: 'The thing has changed since it was read. Read it again and repeat the change.',
      'zh-CN': '内容在读取之后已被更改。请重新读取后再试。',
    },
  },
  invalid_cursor: {
    status: 400,
    retryable: false,
    message: {
      en: 'The cursor is not one of this list’s. Start again without a cursor, and pass on `next` of each page unchanged.',
      'zh-CN': '游标不属于此列表。请不带游标重新开始，并原样传递每页的 `next`。',
    },
  },
  csrf_failed: {
    status: 403,
    retryable: false,
    message: {
      en: 'The change did not come from a page of this installation ({reason}). Reload the page and try again; programs use an API token instead of a cookie.',
      'zh-CN': '此更改并非来自本系统的页面（{reason}）。请刷新页面后重试；程序请使用 API 令牌而不是 Cookie。',
    },
  },
  idempotency_key_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: 'An Idempotency-Key is 1 to 200 printable characters. Use a new random one (a UUID) for each thing to create.',
      'zh-CN': 'Idempotency-Key 应为 1 至 200 个可打印字符。每次创建请使用新的随机值（如 UUID）。',
    },
  },
  idempotency_key_reused: {
    status: 422,
    retryable: false,
    message: {
      en: 'This Idempotency-Key was used for another request. Use a new key for a new request.',
      'zh-CN': '此 Idempotency-Key 已用于其他请求。新的请求请使用新的键。',
    },
  },
  idempotency_in_flight: {
    status: 409,
    retryable: true,
    message: {
      en: 'The first request with this Idempotency-Key is still being worked on. Wait a moment and send the same request again.',
      'zh-CN': '使用此 Idempotency-Key 的首个请求仍在处理中。请稍候再发送同一请求。',
    },
  },
  idempotency_secret_told: {
    status: 409,
    retryable: false,
    message: {
      en: 'The request with this Idempotency-Key has succeeded, and its answer held a secret that is told only once. Look for what was made; if its secret is lost, delete it and make another.',
      'zh-CN':
        '使用此 Idempotency-Key 的请求已成功，其响应包含只显示一次的密钥。请查看已创建的内容；若密钥丢失，请删除后重新创建。',
    },
  },
  still_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: 'Something else still needs this. Take that away first.',
      'zh-CN': '仍有其他内容依赖它。请先移除依赖。',
    },
  },
  shutting_down: {
    status: 503,
    retryable: true,
    message: {
      en: 'The control plane is being stopped or restarted. Try again in a few seconds.',
      'zh-CN': '控制面正在停止或重启。请几秒后重试。',
    },
  },
  console_not_built: {
    status: 503,
    retryable: false,
    message: {
      en: 'The console is not built. Run `npm run build`, or start with `npm start`, which builds it; the API works meanwhile (/api/docs).',
      'zh-CN':
        '控制台尚未构建。请运行 `npm run build`，或用 `npm start` 启动（会自动构建）；在此期间 API 可用（/api/docs）。',
    },
  },
  address_in_use: {
    status: 500,
    retryable: false,
    message: {
      en: 'Something already listens on {host}:{port}. Stop it, or choose another port with BACKLOT_PORT.',
      'zh-CN': '{host}:{port} 已被占用。请停止占用它的程序，或用 BACKLOT_PORT 指定其他端口。',
    },
  },
  address_not_allowed: {
    status: 500,
    retryable: false,
    message: {
      en: 'Listening on {host}:{port} is not possible here ({reason}). Choose another address with BACKLOT_HOST or port with BACKLOT_PORT.',
      'zh-CN':
        '无法在 {host}:{port} 上监听（{reason}）。请用 BACKLOT_HOST 或 BACKLOT_PORT 指定其他地址或端口。',
    },
  },
});
