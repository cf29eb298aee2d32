import type { Language, Phrase } from './phrase.ts';

/**
 * What our things are called inside of a sentence. Programs get the key (`params.what` of `not_found`), people
 * the word. Keys are what errors name, what routes are about, and the tables that a reference can miss.
 */
const nouns: Readonly<Record<string, Phrase>> = {
  account: { en: 'account', 'zh-CN': '账号' },
  allocation: { en: 'allocation', 'zh-CN': '分配' },
  app: { en: 'app', 'zh-CN': '应用' },
  artifact: { en: 'artifact', 'zh-CN': '产物' },
  attempt: { en: 'attempt of the task', 'zh-CN': '任务的执行记录' },
  blob: { en: 'file', 'zh-CN': '文件' },
  'blob multipart': { en: 'upload', 'zh-CN': '上传' },
  broadcast: { en: 'broadcast', 'zh-CN': '直播场次' },
  channel: { en: 'channel', 'zh-CN': '频道' },
  command: { en: 'command', 'zh-CN': '命令' },
  delivery: { en: 'delivery', 'zh-CN': '投递记录' },
  'delivery message': { en: 'message', 'zh-CN': '消息' },
  'delivery subscription': { en: 'subscription', 'zh-CN': '订阅' },
  'delivery target': { en: 'delivery target', 'zh-CN': '投递目标' },
  event: { en: 'event', 'zh-CN': '事件' },
  file: { en: 'file', 'zh-CN': '文件' },
  flow: { en: 'flow', 'zh-CN': '流程' },
  'flow hook': { en: 'webhook of a flow', 'zh-CN': '流程 Webhook' },
  'flow run': { en: 'run of a flow', 'zh-CN': '流程运行' },
  'flow version': { en: 'version of the flow', 'zh-CN': '流程版本' },
  host: { en: 'host process', 'zh-CN': '宿主进程' },
  instance: { en: 'instance', 'zh-CN': '实例' },
  job: { en: 'job', 'zh-CN': '作业' },
  'join token': { en: 'join token', 'zh-CN': '接入令牌' },
  member: { en: 'member', 'zh-CN': '成员' },
  model: { en: 'model', 'zh-CN': '模型' },
  node: { en: 'node', 'zh-CN': '节点' },
  'part of an answer': { en: 'part of an answer', 'zh-CN': '答复的后续部分' },
  pool: { en: 'pool', 'zh-CN': '资源池' },
  project: { en: 'project', 'zh-CN': '项目' },
  'recordings broadcast': { en: 'broadcast', 'zh-CN': '直播场次' },
  'recordings channel': { en: 'channel', 'zh-CN': '频道' },
  'recordings sighting': { en: 'broadcast as one node saw it', 'zh-CN': '节点观测记录' },
  render: { en: 'render', 'zh-CN': '渲染' },
  'renders model': { en: 'model', 'zh-CN': '模型' },
  room: { en: 'room', 'zh-CN': '房间' },
  'rooms nuve service': { en: 'service', 'zh-CN': '服务' },
  'rooms room': { en: 'room', 'zh-CN': '房间' },
  route: { en: 'route', 'zh-CN': '接口' },
  service: { en: 'service', 'zh-CN': '服务' },
  session: { en: 'session', 'zh-CN': '会话' },
  setting: { en: 'setting', 'zh-CN': '设置' },
  'streams app': { en: 'app', 'zh-CN': '应用' },
  'streams session': { en: 'session', 'zh-CN': '会话' },
  task: { en: 'task', 'zh-CN': '任务' },
  token: { en: 'token', 'zh-CN': '令牌' },
  transcode: { en: 'transcode', 'zh-CN': '转码' },
  upload: { en: 'upload', 'zh-CN': '上传' },
  webhook: { en: 'webhook', 'zh-CN': 'Webhook' },
};

/** The word for one of our things; what nobody has named here stays as it is. */
export function sayNoun(what: string, language: Language): string {
  const key = what.replace(/[-_]/g, ' ');
  return (Object.hasOwn(nouns, key) ? nouns[key]?.[language] : undefined) ?? key;
}
