import { defineErrors } from '@backlot/contract';

/** Refusals of the two signalling sockets. The sentence is the reason of the close, in the reader's language. */
export const wireErrors = defineErrors({
  frame_not_json: {
    status: 400,
    retryable: false,
    message: {
      en: 'The message is not JSON in UTF-8. Send one JSON object per frame.',
      'zh-CN': '消息不是 UTF-8 编码的 JSON。每帧请发送一个 JSON 对象。',
    },
  },
  frame_not_object: {
    status: 400,
    retryable: false,
    message: {
      en: 'The message is not an object with a type. Send {"type": …}.',
      'zh-CN': '消息不是带 type 的对象。请发送 {"type": …}。',
    },
  },
  frame_too_deep: {
    status: 400,
    retryable: false,
    message: {
      en: 'The message is nested deeper than {limit} levels.',
      'zh-CN': '消息嵌套超过 {limit} 层。',
    },
  },
  frame_ambiguous: {
    status: 400,
    retryable: false,
    message: {
      en: 'The message has the same member twice. Send each once.',
      'zh-CN': '消息中有重复的成员。每个成员只能出现一次。',
    },
  },
  frames_too_many: {
    status: 429,
    retryable: false,
    message: {
      en: 'Too many messages in too short a time.',
      'zh-CN': '短时间内消息过多。',
    },
  },
  reader_too_slow: {
    status: 503,
    retryable: true,
    message: {
      en: 'Messages are not taken fast enough at the other end.',
      'zh-CN': '对端接收消息过慢。',
    },
  },
  attach_timed_out: {
    status: 503,
    retryable: true,
    message: {
      en: 'Letting you in took too long. Try again in a few seconds.',
      'zh-CN': '接入超时。请几秒后重试。',
    },
  },
  app_not_named: {
    status: 400,
    retryable: false,
    message: {
      en: 'Say which app: connect to /signal/player/<app>.',
      'zh-CN': '请指明应用：连接 /signal/player/<应用>。',
    },
  },
  open_mode_off: {
    status: 403,
    retryable: false,
    message: {
      en: 'Streamers need a launch ticket here: /signal/streamer/<ticket>.',
      'zh-CN': '推流端需要启动票据：/signal/streamer/<票据>。',
    },
  },
  open_mode_full: {
    status: 503,
    retryable: true,
    message: {
      en: 'As many sockets as the open mode allows are connected. Try later.',
      'zh-CN': '开放模式的连接数已满。请稍后再试。',
    },
  },
  streamer_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is no streamer with this id here. Ask for the list again.',
      'zh-CN': '此处没有该编号的推流端。请重新获取列表。',
    },
  },
  offer_not_allowed: {
    status: 403,
    retryable: false,
    message: {
      en: 'Viewers can’t open a data channel; only the one in control can.',
      'zh-CN': '观众不能打开数据通道；只有控制者可以。',
    },
  },
  stream_moved: {
    status: 409,
    retryable: true,
    message: {
      en: 'The stream has moved. Connect again.',
      'zh-CN': '流已迁移。请重新连接。',
    },
  },
  role_changed: {
    status: 409,
    retryable: true,
    message: {
      en: 'Your role has changed. Connect again.',
      'zh-CN': '您的角色已变更。请重新连接。',
    },
  },
  streamer_left: {
    status: 410,
    retryable: true,
    message: {
      en: 'The streamer has gone.',
      'zh-CN': '推流端已离开。',
    },
  },
  socket_replaced: {
    status: 409,
    retryable: false,
    message: {
      en: 'Another connection has taken the place of this one.',
      'zh-CN': '另一个连接已取代此连接。',
    },
  },
  signalling_restarts: {
    status: 503,
    retryable: true,
    message: {
      en: 'The control plane restarts. Connect again.',
      'zh-CN': '控制面正在重启。请重新连接。',
    },
  },
  disconnected_by_application: {
    status: 409,
    retryable: true,
    message: {
      en: 'The application has disconnected you.',
      'zh-CN': '应用已断开您的连接。',
    },
  },
  signalling_fault: {
    status: 500,
    retryable: true,
    message: {
      en: 'Something went wrong on our side. Try again.',
      'zh-CN': '我们这边出了问题，请重试。',
    },
  },
});
