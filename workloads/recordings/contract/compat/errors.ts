import { defineErrors } from '@backlot/contract';

/** Errors of the primary routes; NGlive's own answer with its codes. */
export const compatErrors = defineErrors({
  compat_token: {
    status: 401,
    retryable: false,
    message: {
      en: 'The token is missing or wrong, or compatibility with NGlive is switched off in this project.',
      'zh-CN': '令牌缺失或错误，或该项目未启用 NGlive 兼容。',
    },
  },
  room_exists: {
    status: 409,
    retryable: false,
    message: { en: 'Room {room} was added before.', 'zh-CN': '房间 {room} 已添加。' },
  },
  room_blocked: {
    status: 422,
    retryable: false,
    message: {
      en: 'Room {room} is on the list of blocked rooms. Take it off the list first.',
      'zh-CN': '房间 {room} 在黑名单中，请先移出黑名单。',
    },
  },
  room_unknown: {
    status: 404,
    retryable: false,
    message: { en: 'There is no room {room} in this project.', 'zh-CN': '该项目中没有房间 {room}。' },
  },
  webhook_unreadable: {
    status: 422,
    retryable: false,
    message: {
      en: 'This is no webhook of BililiveRecorder: {reason}.',
      'zh-CN': '这不是录播姬的 webhook：{reason}。',
    },
  },
  config_unreadable: {
    status: 422,
    retryable: false,
    message: {
      en: 'Line {line} of config.ini can’t be read. A line is [SECTION], key = value, or a comment after ;',
      'zh-CN': '无法识别 config.ini 第 {line} 行。每行应为 [SECTION]、key = value 或以 ; 开头的注释。',
    },
  },
});
