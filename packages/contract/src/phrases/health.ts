import type { PhraseTable } from '../phrase.ts';

/** Why a part of the system is not well: the reasons behind the health dot. */
export const healthPhrases = {
  'health.database_away': {
    en: 'The database does not answer. Changes are refused until it does; nothing is lost.',
    'zh-CN': '数据库没有响应。恢复之前将拒绝更改，数据不会丢失。',
  },
  'health.fabric_away': {
    en: 'The NATS server between the control processes does not answer. Each goes on alone and looks into the database every few seconds.',
    'zh-CN': '控制进程之间的 NATS 服务器没有响应。各进程将独立运行，并每隔几秒查询一次数据库。',
  },
  'health.reaction_failing': {
    en: 'The reaction {name} fails on event {seq}: {error}. It is tried again.',
    'zh-CN': '处理程序 {name} 在事件 {seq} 上失败：{error}。将会重试。',
  },
  'health.reaction_isolated': {
    en: 'The reaction {name} gave up on event {seq} after {attempts} {attempts|attempt|attempts} and goes on with the next: {error}.',
    'zh-CN': '处理程序 {name} 对事件 {seq} 尝试 {attempts} 次后放弃，继续处理后续事件：{error}。',
  },
  'health.events_behind': {
    en: 'The event log can’t be read at the moment: {error}. Pages are not live until it can.',
    'zh-CN': '暂时无法读取事件日志：{error}。恢复之前页面不会实时更新。',
  },
  'health.webhooks_behind': {
    en: 'Webhooks can’t be sent at the moment: {error}. They are sent later.',
    'zh-CN': '暂时无法发送 Webhook：{error}。稍后会补发。',
  },
  'health.storage_low': {
    en: 'Only {free} bytes are free where files are kept, below the reserve of {reserve}. New files are refused; free some space.',
    'zh-CN': '文件存储仅剩 {free} 字节，低于预留的 {reserve} 字节。将拒绝新文件，请释放空间。',
  },
  'health.storage_away': {
    en: 'The store of files does not answer. Uploads and downloads wait; nothing is lost.',
    'zh-CN': '文件存储没有响应。上传和下载将等待，内容不会丢失。',
  },
} as const satisfies PhraseTable;
