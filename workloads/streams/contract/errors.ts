import { defineErrors } from '@backlot/contract';

/** Errors of this workload: answers of its routes, and what a player or streamer is told before its socket closes. */
export const streamErrors = defineErrors({
  app_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is no app “{app}” here. Check the link.',
      'zh-CN': '此处没有应用“{app}”。请检查链接。',
    },
  },
  app_slug_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'There is an app with the address {slug} already. Choose another one.',
      'zh-CN': '地址 {slug} 已被其他应用使用。请另选一个。',
    },
  },
  app_disabled: {
    status: 409,
    retryable: true,
    message: {
      en: 'The app {app} is switched off. Come back later, or ask whoever runs it.',
      'zh-CN': '应用 {app} 已停用。请稍后再试，或联系管理员。',
    },
  },
  app_without_version: {
    status: 409,
    retryable: false,
    message: {
      en: 'The app {app} has no active version yet. Create one and make it active.',
      'zh-CN': '应用 {app} 尚无生效版本。请创建版本并将其设为生效。',
    },
  },
  app_crash_loop: {
    status: 409,
    retryable: true,
    message: {
      en: 'The app {app} can’t be started: it failed several times in a row. Whoever runs it sees why on its page.',
      'zh-CN': '应用 {app} 无法启动：已连续多次失败。管理员可在应用页面查看原因。',
    },
  },
  app_in_use: {
    status: 409,
    retryable: true,
    message: {
      en: 'The app {app} has {sessions} {sessions|session|sessions}. End them first, or switch the app off and wait.',
      'zh-CN': '应用 {app} 仍有 {sessions} 个会话。请先结束会话，或停用应用并等待。',
    },
  },
  app_version_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'The app {app} has no version {version}.',
      'zh-CN': '应用 {app} 没有版本 {version}。',
    },
  },
  app_version_used: {
    status: 409,
    retryable: false,
    message: {
      en: 'Version {version} has been used and is never changed. Create a new version from it.',
      'zh-CN': '版本 {version} 已被使用，不可更改。请基于它创建新版本。',
    },
  },
  app_version_active: {
    status: 409,
    retryable: false,
    message: {
      en: 'Version {version} is the one that is started now. Make another one active first.',
      'zh-CN': '版本 {version} 当前正在使用。请先将其他版本设为生效。',
    },
  },
  import_unreadable: {
    status: 422,
    retryable: false,
    message: {
      en: 'This is not a configuration of pixelman: {detail}',
      'zh-CN': '这不是 pixelman 的配置：{detail}',
    },
  },
  ticket_required: {
    status: 401,
    retryable: false,
    message: {
      en: 'This app is opened with a ticket. Use a link that was made for you.',
      'zh-CN': '打开此应用需要票据。请使用为您生成的链接。',
    },
  },
  ticket_invalid: {
    status: 401,
    retryable: false,
    message: {
      en: 'The ticket is not one of ours. Ask for a new link.',
      'zh-CN': '票据无效。请获取新的链接。',
    },
  },
  ticket_expired: {
    status: 401,
    retryable: false,
    message: {
      en: 'The ticket has expired. Ask for a new link.',
      'zh-CN': '票据已过期。请获取新的链接。',
    },
  },
  ticket_used: {
    status: 401,
    retryable: false,
    message: {
      en: 'The ticket was good for one session and has been used. Ask for a new link.',
      'zh-CN': '票据仅限使用一次，已被使用。请获取新的链接。',
    },
  },
  ticket_foreign: {
    status: 403,
    retryable: false,
    message: {
      en: 'The ticket is for something else. Use it where it was made for.',
      'zh-CN': '票据不适用于此处。请在其对应的位置使用。',
    },
  },
  session_over: {
    status: 410,
    retryable: false,
    message: {
      en: 'This session is over. Open the link again for a new one.',
      'zh-CN': '该会话已结束。请重新打开链接以开始新会话。',
    },
  },
  session_full: {
    status: 409,
    retryable: true,
    message: {
      en: 'This session has all {limit} {limit|viewer|viewers} that it may have. Try again when somebody has left.',
      'zh-CN': '该会话的 {limit} 个观众席位已满。请在有人离开后重试。',
    },
  },
  address_full: {
    status: 429,
    retryable: true,
    message: {
      en: 'From your address {limit} {limit|session|sessions} of {app} {limit|runs|run} already. Close one, or try again later.',
      'zh-CN': '您的地址已打开 {limit} 个 {app} 会话。请关闭一个或稍后再试。',
    },
  },
  queue_full: {
    status: 503,
    retryable: true,
    message: {
      en: 'Too many people are waiting for {app} already. Try again in a few minutes.',
      'zh-CN': '等待 {app} 的人数过多。请几分钟后再试。',
    },
  },
  player_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'This player is not in the session any more.',
      'zh-CN': '该参与者已不在会话中。',
    },
  },
  control_not_yours: {
    status: 403,
    retryable: false,
    message: {
      en: 'Only the one in control can do this. Ask for control first.',
      'zh-CN': '仅控制者可以执行此操作。请先申请控制权。',
    },
  },
  control_not_allowed: {
    status: 403,
    retryable: false,
    message: {
      en: 'Your ticket is for watching. Only whoever is in control, or an operator, can give you control.',
      'zh-CN': '您的票据仅限观看。只有控制者或管理员可以将控制权交给您。',
    },
  },
  control_away: {
    status: 409,
    retryable: true,
    message: {
      en: 'The one in control is not connected right now and may come back. Ask again in a moment.',
      'zh-CN': '控制者当前未连接，可能很快返回。请稍后再试。',
    },
  },
  session_not_running: {
    status: 409,
    retryable: true,
    message: {
      en: 'The session has no picture yet. Try again once it runs.',
      'zh-CN': '会话尚无画面。请在运行后重试。',
    },
  },
  thumbnails_busy: {
    status: 503,
    retryable: true,
    message: {
      en: 'Too many pictures are being taken on this machine already. Try again in a few seconds.',
      'zh-CN': '该机器上正在截取的画面过多。请几秒后重试。',
    },
  },
  instance_over: {
    status: 410,
    retryable: false,
    message: {
      en: 'This instance has been ended.',
      'zh-CN': '该实例已结束。',
    },
  },
});
