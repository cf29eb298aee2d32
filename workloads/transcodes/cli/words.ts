import type { PhraseTable } from '@backlot/contract/phrase';

/** What `backlot transcode` says. */
export const words = {
  transcoding: { en: 'Transcoding', 'zh-CN': '正在转码' },
  goesOn: { en: 'Job {id} goes on without this terminal.', 'zh-CN': '作业 {id} 会继续运行。' },
  ended: { en: 'Job {id} ended: {state}.', 'zh-CN': '作业 {id} 已结束：{state}。' },
  saved: { en: 'Saved as {file}.', 'zh-CN': '已保存为 {file}。' },
  proof: { en: 'Proved by: {proof}', 'zh-CN': '验证依据：{proof}' },
  fellBack: {
    en: 'It could not be made as asked; this is what was made instead: {how}.',
    'zh-CN': '无法按要求生成，改为：{how}。',
  },
} as const satisfies PhraseTable;
