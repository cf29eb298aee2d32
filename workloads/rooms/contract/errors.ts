import { defineErrors } from '@backlot/contract';

/** Errors of rooms: they end requests over HTTP and over signalling alike (there, the status is the number). */
export const roomErrors = defineErrors({
  room_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is no room {room}, or it is closed. Check its name, or create it.',
      'zh-CN': '没有房间 {room}，或它已关闭。请检查名称，或创建该房间。',
    },
  },
  room_exists: {
    status: 409,
    retryable: false,
    message: {
      en: 'A room {room} is open already. Use it, or choose another name.',
      'zh-CN': '房间 {room} 已存在。请直接使用，或换一个名称。',
    },
  },
  room_locked: {
    status: 403,
    retryable: false,
    message: {
      en: 'The room {room} is locked. Ask a moderator to unlock it.',
      'zh-CN': '房间 {room} 已锁定。请联系主持人解锁。',
    },
  },
  room_lobby: {
    status: 403,
    retryable: false,
    message: {
      en: 'The room {room} has a lobby, and nobody has let you in. Open its page and wait there, or ask for a token that is for programs.',
      'zh-CN': '房间 {room} 设有等候室，主持人尚未允许您进入。请打开房间页面等候，或申请供程序使用的令牌。',
    },
  },
  room_full: {
    status: 403,
    retryable: true,
    message: {
      en: 'The room {room} is full: {limit} {limit|person|people} at most. Try again when somebody has left.',
      'zh-CN': '房间 {room} 已满，最多 {limit} 人。请等有人离开后重试。',
    },
  },
  room_draining: {
    status: 503,
    retryable: true,
    message: {
      en: 'The room {room} is being moved to another machine and takes nobody new for a moment. Try again in a few seconds.',
      'zh-CN': '房间 {room} 正在迁移到另一台机器，暂时不接受新成员。请几秒后重试。',
    },
  },
  room_without_place: {
    status: 503,
    retryable: true,
    message: {
      en: 'No machine can take the room {room} now: {reason} Try again in a few seconds.',
      'zh-CN': '目前没有机器可以承载房间 {room}：{reason} 请几秒后重试。',
    },
  },
  room_media_lost: {
    status: 503,
    retryable: true,
    message: {
      en: 'The media of the room {room} can’t be reached at the moment. Try again in a few seconds.',
      'zh-CN': '暂时无法连接房间 {room} 的媒体服务。请几秒后重试。',
    },
  },
  room_token_invalid: {
    status: 401,
    retryable: false,
    message: {
      en: 'This invitation is not valid: {reason}. Ask for a new link.',
      'zh-CN': '此邀请无效。请索取新的链接。',
    },
  },
  room_token_expired: {
    status: 401,
    retryable: false,
    message: {
      en: 'This invitation has expired. Ask for a new link.',
      'zh-CN': '此邀请已过期。请索取新的链接。',
    },
  },
  room_token_revoked: {
    status: 401,
    retryable: false,
    message: {
      en: 'This invitation was taken back. Ask for a new link.',
      'zh-CN': '此邀请已被撤销。请索取新的链接。',
    },
  },
  room_token_required: {
    status: 401,
    retryable: false,
    message: {
      en: 'You need an invitation to enter this room. Ask whoever invited you for their link, and open it again.',
      'zh-CN': '进入此房间需要邀请。请向邀请您的人索取链接，并重新打开。',
    },
  },
  room_forbidden: {
    status: 403,
    retryable: false,
    message: {
      en: 'Your rights in this room don’t include “{permission}”. Ask a moderator.',
      'zh-CN': '您在此房间没有“{permission}”权限。请联系主持人。',
    },
  },
  participant_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'Nobody called {identity} is in this room. Look at who is there.',
      'zh-CN': '此房间中没有 {identity}。请查看当前成员。',
    },
  },
  participant_exists: {
    status: 409,
    retryable: false,
    message: {
      en: 'Somebody called {identity} is in this room already. Choose another identity.',
      'zh-CN': '此房间中已有 {identity}。请使用其他身份。',
    },
  },
  participant_banned: {
    status: 403,
    retryable: false,
    message: {
      en: '{identity} was removed from this room, and the token it has is revoked. Ask a moderator for a new one.',
      'zh-CN': '{identity} 已被移出此房间，其令牌已失效。请向主持人申请新的令牌。',
    },
  },
  not_joined: {
    status: 403,
    retryable: false,
    message: {
      en: 'Join the room before “{method}”.',
      'zh-CN': '请先加入房间，再执行“{method}”。',
    },
  },
  already_joined: {
    status: 409,
    retryable: false,
    message: {
      en: 'You have joined already. Leave first, or go on as you are.',
      'zh-CN': '您已加入房间。请先离开，或继续使用当前会话。',
    },
  },
  media_object_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'You have nothing with the {field} {id}. It may have been closed; look at what you have and go on from there.',
      'zh-CN': '您没有 {field} 为 {id} 的对象，可能已关闭。请检查现有对象后继续。',
    },
  },
  media_refused: {
    status: 400,
    retryable: false,
    message: {
      en: 'The media server refuses this: {reason}. Correct it and send it again.',
      'zh-CN': '媒体服务器拒绝了此请求：{reason}。请更正后重新发送。',
    },
  },
  track_limit: {
    status: 429,
    retryable: false,
    message: {
      en: 'One participant may publish {limit} {limit|track|tracks} at a time. Close one first.',
      'zh-CN': '每位成员最多同时发布 {limit} 个媒体轨。请先关闭一个。',
    },
  },
  data_limit: {
    status: 429,
    retryable: false,
    message: {
      en: 'One participant may have {limit} data channels at a time. Close one first.',
      'zh-CN': '每位成员最多同时拥有 {limit} 个数据通道。请先关闭一个。',
    },
  },
  track_muted: {
    status: 403,
    retryable: false,
    message: {
      en: 'A moderator has muted this track. Ask to be unmuted.',
      'zh-CN': '主持人已将此媒体轨静音。请申请解除静音。',
    },
  },
  method_unknown: {
    status: 500,
    retryable: false,
    message: {
      en: 'There is no method “{method}”. The list is in the documentation of signalling.',
      'zh-CN': '没有“{method}”方法。请查看信令文档中的列表。',
    },
  },
  method_data_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: 'The data of “{method}” does not fit at {pointer}: {reason}. Correct it and send it again.',
      'zh-CN': '“{method}”的数据在 {pointer} 处不符合要求：{reason}。请更正后重新发送。',
    },
  },
  session_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'This session has ended. Connect and join again.',
      'zh-CN': '此会话已结束。请重新连接并加入。',
    },
  },
  session_gap: {
    status: 409,
    retryable: false,
    message: {
      en: 'Too much has happened since message {seq} to tell it all again. Connect and join again.',
      'zh-CN': '自消息 {seq} 之后的内容过多，无法补发。请重新连接并加入。',
    },
  },
  signalling_rate: {
    status: 429,
    retryable: true,
    message: {
      en: 'Too many messages at once. Send fewer than {limit} a second.',
      'zh-CN': '消息过于频繁。请每秒少于 {limit} 条。',
    },
  },
  throttle_refused: {
    status: 403,
    retryable: false,
    message: {
      en: 'Network throttling is not allowed here, or the secret is wrong. Set one with BACKLOT_ROOMS_THROTTLE_SECRET.',
      'zh-CN': '此处不允许网络限速，或密钥错误。请通过 BACKLOT_ROOMS_THROTTLE_SECRET 设置密钥。',
    },
  },
  request_failed: {
    status: 500,
    retryable: true,
    message: {
      en: 'Something went wrong on our side with “{method}”. Try again; the log has the details.',
      'zh-CN': '处理“{method}”时服务端出错。请重试；详情见日志。',
    },
  },
  rpc_unanswered: {
    status: 504,
    retryable: true,
    message: {
      en: '{identity} did not answer “{method}” in time. Try again.',
      'zh-CN': '{identity} 未及时响应“{method}”。请重试。',
    },
  },
  rpc_refused: {
    status: 409,
    retryable: false,
    message: {
      en: '{identity} refused “{method}”: {reason}',
      'zh-CN': '{identity} 拒绝了“{method}”：{reason}',
    },
  },
});
