import type { PhraseTable } from '@backlot/contract';

/** What an import has done with each part of a foreign configuration. */
export const importPhrases = {
  'streams.import.url': {
    en: 'The streamer’s address {before} became the launch variable signallingUrl: each instance gets its own, with a ticket.',
    'zh-CN': '推流地址 {before} 已替换为启动变量 signallingUrl：每个实例使用各自带票据的地址。',
  },
  'streams.import.url_added': {
    en: 'The command names no signalling address, so -PixelStreamingURL was added.',
    'zh-CN': '命令中没有信令地址，已添加 -PixelStreamingURL。',
  },
  'streams.import.old_flag': {
    en: '{flag}={value} was kept. Engines that know -PixelStreamingURL don’t need it; remove it.',
    'zh-CN': '已保留 {flag}={value}。支持 -PixelStreamingURL 的引擎不需要该参数，请删除。',
  },
  'streams.import.per_node': {
    en: 'maxInstance became the limit of {count} {count|instance|instances} of this app on each node.',
    'zh-CN': 'maxInstance 已转换为每个节点最多 {count} 个该应用的实例。',
  },
  'streams.import.script': {
    en: 'The application is started through {program}. Name the program itself, so that it is ended at once when it should be.',
    'zh-CN': '应用通过 {program} 启动。请直接填写程序本身，以便需要时能立即结束。',
  },
  'streams.import.disconnect': {
    en: 'playerTimeout became the time to come back: {seconds} s.',
    'zh-CN': 'playerTimeout 已转换为断线重连时限：{seconds} 秒。',
  },
  'streams.import.warm': {
    en: 'preLunchInstance became {count} {count|instance|instances} kept ready.',
    'zh-CN': 'preLunchInstance 已转换为保持 {count} 个就绪实例。',
  },
  'streams.import.peer_options': {
    en: 'peerConnectionOptions is left out: TURN servers are set once for the installation, with credentials for each session.',
    'zh-CN': '未导入 peerConnectionOptions：TURN 服务器在系统中统一设置，并为每个会话生成凭据。',
  },
  'streams.import.elsewhere': {
    en: 'Has its place in the installation’s settings, or is not needed here: {names}.',
    'zh-CN': '由系统设置管理或此处不需要：{names}。',
  },
  'streams.import.unknown': {
    en: 'Not known, and left out: {names}.',
    'zh-CN': '未识别，未导入：{names}。',
  },
} as const satisfies PhraseTable;
