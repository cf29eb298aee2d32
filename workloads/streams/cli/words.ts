import type { Phrase } from '@backlot/contract/phrase';

/** What the commands say on a terminal. */
export const words = {
  noFile: { en: 'The file {path} can’t be read.', 'zh-CN': '无法读取文件 {path}。' },
  noJson: { en: 'The file {path} is no JSON object.', 'zh-CN': '文件 {path} 不是 JSON 对象。' },
  noCommand: {
    en: 'Say what to start: the program and its arguments behind --, or --recipe with a file.',
    'zh-CN': '请指定要启动的程序：在 -- 之后给出程序及参数，或用 --recipe 指定文件。',
  },
  badCanary: {
    en: '--canary: write the version and its share in percent, as 3:10.',
    'zh-CN': '--canary：请写成“版本:百分比”，例如 3:10。',
  },
  needYes: {
    en: 'This removes the app {app} for good. Say it with --yes.',
    'zh-CN': '此操作将永久删除应用 {app}。请用 --yes 确认。',
  },
  removed: { en: 'The app {app} is removed.', 'zh-CN': '应用 {app} 已删除。' },
  createdApp: { en: 'The app {app} is there: {url}', 'zh-CN': '应用 {app} 已创建：{url}' },
  managerFile: {
    en: 'This is the file of pixelman’s manager: it holds no program. Give these settings to an app that you made from a render machine’s file.',
    'zh-CN': '这是 pixelman 管理端的配置，其中没有程序。请先用渲染端配置创建应用，再应用这些设置。',
  },
  needSlug: {
    en: 'Say what the app is to be called in addresses: --slug NAME. Without it, --dry-run shows what would be made.',
    'zh-CN': '请用 --slug NAME 指定应用在地址中的名称；或用 --dry-run 仅查看结果。',
  },
  ended: { en: 'The session is over.', 'zh-CN': '会话已结束。' },
  kicked: { en: 'The player is gone.', 'zh-CN': '参与者已被移除。' },
} as const satisfies Readonly<Record<string, Phrase>>;
