import { defineErrors } from '@backlot/contract';
import { mauthFaults, sdpFaults } from './refusals.ts';

/** Errors of what programs do over HTTP: SDP, WHIP, WHEP, broadcasters, Nuve. */
export const roomHttpErrors = defineErrors({
  sdp_unreadable: {
    status: 400,
    retryable: false,
    phrases: { reason: sdpFaults },
    message: {
      en: 'This is no SDP that can be read: {reason}. Send what the browser’s createOffer() gives.',
      'zh-CN': '无法读取此 SDP：{reason}。请发送浏览器 createOffer() 的结果。',
    },
  },
  sdp_unacceptable: {
    status: 422,
    retryable: false,
    phrases: { reason: sdpFaults },
    message: {
      en: 'This offer can’t be accepted as a whole: {reason}. Nothing was opened; change it and send it again.',
      'zh-CN': '无法完整接受此 offer：{reason}。未建立任何连接，请修改后重新发送。',
    },
  },
  session_tag_missing: {
    status: 428,
    retryable: false,
    message: {
      en: 'Send If-Match: the session’s ETag for candidates, * for an ICE restart.',
      'zh-CN': '请发送 If-Match：添加候选时使用会话的 ETag，ICE 重启时使用 *。',
    },
  },
  session_tag_stale: {
    status: 412,
    retryable: false,
    message: {
      en: 'ICE was restarted since: this change belongs to an older session. Use the newest ETag.',
      'zh-CN': 'ICE 已重启，此修改属于旧的会话。请使用最新的 ETag。',
    },
  },
  whip_session_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'This session has ended. Publish or play again.',
      'zh-CN': '此会话已结束。请重新推流或播放。',
    },
  },
  whip_method_not_allowed: {
    status: 405,
    retryable: false,
    message: {
      en: '{method} means nothing here. Use POST to begin, PATCH for ICE, DELETE to end.',
      'zh-CN': '此处不支持 {method}。请使用 POST 开始、PATCH 处理 ICE、DELETE 结束。',
    },
  },
  nothing_live: {
    status: 409,
    retryable: true,
    message: {
      en: 'Nobody publishes in the room {room} at the moment. Try again in a few seconds.',
      'zh-CN': '房间 {room} 中目前没有人推流。请几秒后重试。',
    },
  },
  nuve_unauthorized: {
    status: 401,
    retryable: false,
    phrases: { reason: mauthFaults },
    message: {
      en: 'The MAuth signature is not accepted: {reason}. Sign again with the service’s key and a new nonce.',
      'zh-CN': 'MAuth 签名未通过：{reason}。请使用服务密钥和新的 nonce 重新签名。',
    },
  },
  recording_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'This room has no recording {id}. Look at the list of its recordings.',
      'zh-CN': '此房间没有录制 {id}。请查看录制列表。',
    },
  },
  recording_running: {
    status: 409,
    retryable: false,
    message: {
      en: 'This recording is still running. Stop it first.',
      'zh-CN': '此录制仍在进行。请先停止。',
    },
  },
  room_not_active: {
    status: 409,
    retryable: true,
    message: {
      en: 'The room {room} has no media yet, so there is nothing to look at or to record. It begins when somebody joins.',
      'zh-CN': '房间 {room} 尚无媒体，因此没有可查看或录制的内容。有人加入后即可。',
    },
  },
  media_object_unknown: {
    status: 404,
    retryable: false,
    message: {
      en: 'No media host knows a {kind} {id}. It may be closed; look at the list of ids.',
      'zh-CN': '没有媒体服务器认识 {kind} {id}。它可能已关闭，请查看列表。',
    },
  },
});
