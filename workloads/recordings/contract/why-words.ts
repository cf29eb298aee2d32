import type { Phrase } from '@backlot/contract';

/** Why a take ended or media are missing, by the words of facts: for pages and for the command line. */
export const whyWords = {
  reconnect: { en: 'connection was lost', 'zh-CN': '连接断开' },
  source: { en: 'the source paused', 'zh-CN': '源流中断' },
  missing: { en: 'the source had lost it', 'zh-CN': '源站缺失' },
  jump: { en: 'its clock jumped', 'zh-CN': '时间戳跳变' },
  disk: { en: 'the disk was full', 'zh-CN': '磁盘已满' },
  restart: { en: 'the recorder began anew', 'zh-CN': '录制进程重启' },
  silence: { en: 'nothing came any more', 'zh-CN': '无媒体数据' },
  finished: { en: 'the source ended it', 'zh-CN': '源流已结束' },
  stopped: { en: 'stopped', 'zh-CN': '已停止' },
  canceled: { en: 'canceled', 'zh-CN': '已取消' },
} as const satisfies Readonly<Record<string, Phrase>>;

/** The words for a reason; undefined for one that a newer node may tell. */
export function wordsOfWhy(why: string): Phrase | undefined {
  return Object.hasOwn(whyWords, why) ? whyWords[why as keyof typeof whyWords] : undefined;
}
