import { defineTexts } from '../../i18n/texts.ts';

export const overviewTexts = defineTexts('overview', {
  title: { en: 'Overview', 'zh-CN': '总览' },
  'sum.ready': {
    en: { one: '{{count}} node ready', other: '{{count}} nodes ready' },
    'zh-CN': '{{count}} 个节点就绪',
  },
  'sum.away': { en: '{{count}} not reachable', 'zh-CN': '{{count}} 个失联' },
  'sum.running': {
    en: { one: '{{count}} job running', other: '{{count}} jobs running' },
    'zh-CN': '{{count}} 个作业运行中',
  },
  'sum.waiting': {
    en: { one: '{{count}} task waiting', other: '{{count}} tasks waiting' },
    'zh-CN': '{{count}} 个任务等待中',
  },
  'sum.failed': { en: '{{count}} failed in the last day', 'zh-CN': '近一天 {{count}} 个失败' },
  nodes: { en: 'Nodes', 'zh-CN': '节点' },
  'nodes.none': { en: 'No machine has joined yet', 'zh-CN': '尚无机器接入' },
  'nodes.none.text': {
    en: 'Run one command on a machine and it becomes a node: Linux, Windows or Docker.',
    'zh-CN': '在机器上运行一条命令即可成为节点，支持 Linux、Windows 与 Docker。',
  },
  'nodes.add': { en: 'Add a node', 'zh-CN': '添加节点' },
  'node.idle': { en: 'idle', 'zh-CN': '空闲' },
  'node.noLoad': { en: 'no report yet', 'zh-CN': '尚无上报' },
  'node.seen': { en: 'last seen', 'zh-CN': '最近上报' },
  'disk.free': { en: '{{free}} free', 'zh-CN': '剩余 {{free}}' },
  'waiting.more': {
    en: { one: 'and {{count}} more', other: 'and {{count}} more' },
    'zh-CN': '及另外 {{count}} 个',
  },
  'node.blocks': { en: 'What runs on {{name}}', 'zh-CN': '{{name}} 上运行的工作' },
  cores: { en: '{{used}} of {{total}} cores', 'zh-CN': '{{used}} / {{total}} 核' },
  running: { en: 'Running now', 'zh-CN': '正在运行' },
  'running.none': { en: 'Nothing runs at the moment.', 'zh-CN': '当前没有运行中的作业。' },
  waiting: { en: 'Waiting, and why', 'zh-CN': '等待中及原因' },
  'waiting.none': { en: 'Nothing waits.', 'zh-CN': '没有等待中的任务。' },
  failed: { en: 'Failed in the last day', 'zh-CN': '近一天失败' },
  'failed.none': { en: 'Nothing failed.', 'zh-CN': '没有失败。' },
  storage: { en: 'Storage', 'zh-CN': '存储' },
  'storage.text': { en: '{{free}} free of {{total}}', 'zh-CN': '剩余 {{free}}，共 {{total}}' },
  'storage.artifacts': {
    en: { one: '{{shown}} artifact, {{used}}', other: '{{shown}} artifacts, {{used}}' },
    'zh-CN': '{{shown}} 个产物，共 {{used}}',
  },
  'all.jobs': { en: 'All jobs', 'zh-CN': '全部作业' },
  'all.nodes': { en: 'All nodes', 'zh-CN': '全部节点' },
  'start.title': { en: 'Ready for the first job', 'zh-CN': '可以提交第一个作业了' },
});
