import { type PhraseParams, type PhraseTable, type Reason, reason } from '@backlot/contract';
import { importPhrases } from './import-phrases.ts';
import type { InstanceEnd } from './instance.ts';
import { nodePhrases } from './node-phrases.ts';
import type { SessionEnd } from './session.ts';
import { turnPhrases } from './turn.ts';

/** Why a session is over, to the person who was in it. Codes are `streams.ended.<reason>`. */
const sessionSentences = {
  'streams.ended.left': { en: 'You have left the session.', 'zh-CN': '您已离开会话。' },
  'streams.ended.disconnected': {
    en: 'The connection broke and did not come back in time. Open the link again for a new session.',
    'zh-CN': '连接中断且未及时恢复。请重新打开链接以开始新会话。',
  },
  'streams.ended.idle': {
    en: 'The session was ended because nothing was done in it for a while. Open the link again to go on.',
    'zh-CN': '由于长时间没有操作，会话已结束。请重新打开链接以继续。',
  },
  'streams.ended.limit': {
    en: 'The longest time for a session has passed. Open the link again for another one.',
    'zh-CN': '会话已达到最长时限。请重新打开链接以开始新会话。',
  },
  'streams.ended.kicked': {
    en: 'The session was ended by someone who looks after it.',
    'zh-CN': '会话已被管理人员结束。',
  },
  'streams.ended.queue': {
    en: 'No machine became free in time. Try again later.',
    'zh-CN': '等待超时，没有可用的机器。请稍后再试。',
  },
  'streams.ended.crashed': {
    en: 'The application ended unexpectedly. Open the link again to start it anew.',
    'zh-CN': '应用意外终止。请重新打开链接以重新启动。',
  },
  'streams.ended.closed': {
    en: 'The application was closed. Open the link again to start it anew.',
    'zh-CN': '应用已关闭。请重新打开链接以重新启动。',
  },
  'streams.ended.no_picture': {
    en: 'The application has started but shows no picture. Try again; if it stays so, tell whoever runs it.',
    'zh-CN': '应用已启动但没有画面。请重试；若问题依旧，请联系管理员。',
  },
  'streams.ended.unavailable': {
    en: 'The application can’t be started at the moment. Tell whoever runs it; its page in the console says why.',
    'zh-CN': '应用目前无法启动。请联系管理员，控制台中的应用页面会说明原因。',
  },
  'streams.ended.disabled': {
    en: 'The application has been switched off.',
    'zh-CN': '该应用已停用。',
  },
  'streams.ended.node_lost': {
    en: 'The machine that ran the application is gone. Open the link again to use another one.',
    'zh-CN': '运行该应用的机器已失联。请重新打开链接以使用其他机器。',
  },
  'streams.ended.error': {
    en: 'Something went wrong on our side. Open the link again; the log of the server says more.',
    'zh-CN': '服务端出现故障。请重新打开链接；详情见服务器日志。',
  },
} as const satisfies PhraseTable;

/** Why an instance is over, to an operator. Codes are `streams.instance.<reason>`. */
const instanceSentences = {
  'streams.instance.unused': {
    en: 'Nobody needed it any more.',
    'zh-CN': '不再需要该实例。',
  },
  'streams.instance.surplus': {
    en: 'More were kept ready than the app asks for.',
    'zh-CN': '就绪实例数超过应用设定的数量。',
  },
  'streams.instance.memory': {
    en: 'It used {amount} MB of memory, more than the {limit} MB at which the app wants it replaced.',
    'zh-CN': '内存占用 {amount} MB，超过应用设定的回收上限 {limit} MB。',
  },
  'streams.instance.vram': {
    en: 'It used {amount} MB of video memory, more than the {limit} MB at which the app wants it replaced.',
    'zh-CN': '显存占用 {amount} MB，超过应用设定的回收上限 {limit} MB。',
  },
  'streams.instance.age': {
    en: 'It ran for {amount} min, longer than the {limit} min after which the app wants it replaced.',
    'zh-CN': '已运行 {amount} 分钟，超过应用设定的回收时限 {limit} 分钟。',
  },
  'streams.instance.sessions': {
    en: 'It served {amount} {amount|session|sessions}, as many as the app wants of one instance.',
    'zh-CN': '已服务 {amount} 个会话，达到应用设定的上限。',
  },
  'streams.instance.session': {
    en: 'Its session is over, and the app starts anew for each.',
    'zh-CN': '会话已结束，该应用为每个会话重新启动。',
  },
  'streams.instance.reset_failed': {
    en: 'It did not acknowledge its reset: {detail}. It was replaced instead.',
    'zh-CN': '未确认重置：{detail}。已改为替换该实例。',
  },
  'streams.instance.version': {
    en: 'Version {version} is not the one to run any more.',
    'zh-CN': '版本 {version} 已不再是要运行的版本。',
  },
  'streams.instance.never_connected': {
    en: 'The application was started, but did not connect within {seconds} s. Check that its arguments use the launch variable signallingUrl, and that the machine reaches this address.',
    'zh-CN':
      '应用已启动，但在 {seconds} 秒内未连接。请检查参数中是否使用了启动变量 signallingUrl，以及机器能否访问该地址。',
  },
  'streams.instance.no_picture': {
    en: 'The application connected, but showed no picture within {seconds} s. Look at its log; on Linux it often lacks -RenderOffscreen.',
    'zh-CN': '应用已连接，但在 {seconds} 秒内没有画面。请查看日志；在 Linux 上常因缺少 -RenderOffscreen。',
  },
  'streams.instance.streamer_lost': {
    en: 'The application’s connection to the server was lost and did not come back.',
    'zh-CN': '应用与服务器的连接中断且未恢复。',
  },
  'streams.instance.crashed': {
    en: 'The application ended with an error. The end of its log says more.',
    'zh-CN': '应用异常终止。详情见日志末尾。',
  },
  'streams.instance.exited': {
    en: 'The application ended by itself, without an error.',
    'zh-CN': '应用自行正常退出。',
  },
  'streams.instance.node_lost': {
    en: 'Its machine is gone.',
    'zh-CN': '所在机器已失联。',
  },
  'streams.instance.start_failed': {
    en: 'The machine could not start it.',
    'zh-CN': '机器无法启动该实例。',
  },
  'streams.instance.drained': {
    en: 'Its machine is to be emptied.',
    'zh-CN': '所在机器正在排空。',
  },
  'streams.instance.stopped': {
    en: 'It was stopped by {who}.',
    'zh-CN': '已由 {who} 停止。',
  },
  'streams.instance.disabled': {
    en: 'Its app was switched off.',
    'zh-CN': '所属应用已停用。',
  },
  'streams.instance.removed': {
    en: 'Its app was removed.',
    'zh-CN': '所属应用已删除。',
  },
} as const satisfies PhraseTable;

const otherSentences = {
  'streams.crash_loop': {
    en: 'Version {version} failed {failures} {failures|time|times} in a row and is not started again until someone says so. The last failure: {last}',
    'zh-CN': '版本 {version} 连续失败 {failures} 次，在人工处理前不再启动。最近一次失败：{last}',
  },
  'streams.back_off': {
    en: 'Version {version} failed {failures} {failures|time|times} in a row; it is started again in {seconds} s.',
    'zh-CN': '版本 {version} 连续失败 {failures} 次，{seconds} 秒后重新启动。',
  },
} as const satisfies PhraseTable;

/** All sentences of streams: those of control, and those of failures that nodes report. */
export const streamPhrases = {
  ...sessionSentences,
  ...instanceSentences,
  ...otherSentences,
  ...nodePhrases,
  ...turnPhrases,
  ...importPhrases,
} as const satisfies PhraseTable;
export type StreamPhrase = keyof typeof streamPhrases;

/** The sentence of a session's end. */
export function sessionEndReason(end: SessionEnd): Reason {
  return reason(streamPhrases, `streams.ended.${end.replaceAll('-', '_')}` as StreamPhrase);
}

/** The sentence of an instance's end. */
export function instanceEndReason(end: InstanceEnd, params: PhraseParams = {}): Reason {
  return reason(streamPhrases, `streams.instance.${end.replaceAll('-', '_')}` as StreamPhrase, params);
}
