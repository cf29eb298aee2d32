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
  needs: { en: '--mode {mode} needs {flag}.', 'zh-CN': '--mode {mode} 需要 {flag}。' },
  foreign: {
    en: '{flag} means nothing with --mode {mode}. Leave it out, or choose one of the modes that know it: {modes}.',
    'zh-CN': '--mode {mode} 不使用 {flag}。请去掉它，或选择使用它的模式：{modes}。',
  },
  exists: {
    en: '{path} is there already. Replace it with --force, or name another file with --out.',
    'zh-CN': '{path} 已存在。可用 --force 覆盖，或用 --out 指定其他文件。',
  },
  same: {
    en: '{path} is the film itself. Name another file with --out.',
    'zh-CN': '{path} 是源视频本身。请用 --out 指定其他文件。',
  },
} as const satisfies PhraseTable;
