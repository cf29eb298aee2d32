import type { PhraseTable } from '@backlot/contract';
import { sourcePhrases } from './source-phrases.ts';

/** Why a channel does not record, in sentences that say what to do. */
export const recordingPhrases = {
  ...sourcePhrases,
  'recordings.off': {
    en: 'It was stopped. Start it to watch the source.',
    'zh-CN': '已停止。启动后开始监视源。',
  },
  'recordings.asleep': {
    en: 'Its next window opens at {at}.',
    'zh-CN': '下一个时间窗口于 {at} 开始。',
  },
  'recordings.offline': {
    en: 'The source is not live: {detail}',
    'zh-CN': '源未开播：{detail}',
  },
  'recordings.failing': {
    en: 'The source can’t be recorded: {detail}',
    'zh-CN': '无法录制源：{detail}',
  },
  'recordings.looking': {
    en: 'A node looks whether the source is live.',
    'zh-CN': '节点正在检测源是否开播。',
  },
  'recordings.again': {
    en: 'Its recorder ended by itself. It begins anew at {at}.',
    'zh-CN': '录制器自行结束，将于 {at} 重新开始。',
  },
  'recordings.no_place': {
    en: 'A node is being found for it.',
    'zh-CN': '正在为其寻找节点。',
  },
} as const satisfies PhraseTable;
