import { type PhraseTable, reason } from '@backlot/contract';

/** Why an application did not start or run on, and why a reset or a look at it failed. */
export const nodePhrases = {
  'streams.platform_unsupported': {
    en: 'Version {version} of {app} has no launch for {platform}. Give it one, or keep it off such machines with labels.',
    'zh-CN': '{app} 的版本 {version} 未提供 {platform} 平台的启动配置。请补充配置，或用标签排除此类机器。',
  },
  'streams.program_missing': {
    en: 'There is no program {program} on this machine. Install it there, or correct the app’s launch.',
    'zh-CN': '此机器上没有程序 {program}。请在该机器上安装，或更正应用的启动配置。',
  },
  'streams.folder_missing': {
    en: 'There is no folder {folder} on this machine, in which the app is to run.',
    'zh-CN': '此机器上没有应用的运行目录 {folder}。',
  },
  'streams.exited_early': {
    en: 'The application ended with exit code {code} after {seconds} s. The end of its log says more.',
    'zh-CN': '应用在 {seconds} 秒后以退出码 {code} 终止。详情见日志末尾。',
  },
  'streams.exited': {
    en: 'The application ended with exit code {code}. The end of its log says more.',
    'zh-CN': '应用以退出码 {code} 终止。详情见日志末尾。',
  },
  'streams.killed': {
    en: 'The application was ended by {signal}, as after a crash. The end of its log says more.',
    'zh-CN': '应用因 {signal} 终止，通常表示崩溃。详情见日志末尾。',
  },
  'streams.memory': {
    en: 'The application used more memory than it may have: {used} MB of {limit} MB.',
    'zh-CN': '应用占用的内存超过上限：已用 {used} MB，上限 {limit} MB。',
  },
  'streams.processes': {
    en: 'The application has started {count} processes; {limit} are allowed.',
    'zh-CN': '应用启动了 {count} 个进程，上限为 {limit} 个。',
  },
  'streams.stalled': {
    en: 'The application was ended because it ran over its time.',
    'zh-CN': '应用运行超时，已被终止。',
  },
  'streams.reset.none': {
    en: 'The app has no way to be reset.',
    'zh-CN': '该应用未配置重置方式。',
  },
  'streams.reset.no_connection': {
    en: 'no connection to the application within {seconds} s',
    'zh-CN': '{seconds} 秒内未能连接到应用',
  },
  'streams.reset.no_channel': {
    en: 'the application opened no data channel within {seconds} s',
    'zh-CN': '应用在 {seconds} 秒内未打开数据通道',
  },
  'streams.reset.no_answer': {
    en: 'no acknowledgement within {seconds} s',
    'zh-CN': '{seconds} 秒内未收到确认',
  },
  'streams.reset.status': {
    en: 'its hook answered with status {status}',
    'zh-CN': '其接口返回状态 {status}',
  },
  'streams.reset.unreachable': {
    en: 'its hook can’t be reached: {detail}',
    'zh-CN': '无法访问其接口：{detail}',
  },
  'streams.reset.input': {
    en: 'nothing can be written to its standard input',
    'zh-CN': '无法写入其标准输入',
  },
  'streams.reset.peer': {
    en: 'the program that speaks to it failed: {detail}',
    'zh-CN': '与其通信的程序失败：{detail}',
  },
} as const satisfies PhraseTable;
export type NodePhrase = keyof typeof nodePhrases;

/** A sentence of this half. */
export const sentence = (code: NodePhrase, params: Readonly<Record<string, string | number>> = {}) =>
  reason(nodePhrases, code, params);
