import type { PhraseTable } from '../phrase.ts';

/** Sentences of the flow engine: why a step failed or waits. */
export const flowPhrases = {
  'flow.kind_missing': {
    en: 'No workload of this installation brings the step kind {kind}.',
    'zh-CN': '此安装中没有提供步骤类型 {kind} 的工作负载。',
  },
  'flow.parameters_invalid': {
    en: 'The parameters of "{step}" can’t be used: {problem}',
    'zh-CN': '步骤“{step}”的参数无法使用：{problem}',
  },
  'flow.draft_failed': {
    en: '"{step}" could not be begun: {problem}',
    'zh-CN': '步骤“{step}”无法开始：{problem}',
  },
  'flow.outcome_failed': {
    en: 'What "{step}" made could not be read: {problem}',
    'zh-CN': '无法读取步骤“{step}”的结果：{problem}',
  },
  'flow.items_many': {
    en: '"{step}" has more than {limit} items.',
    'zh-CN': '步骤“{step}”的项目超过 {limit} 个。',
  },
  'flow.rounds_many': {
    en: '"{step}" would make the run larger than {limit} steps.',
    'zh-CN': '步骤“{step}”会使本次运行超过 {limit} 个步骤。',
  },
  'flow.wait_time': {
    en: '"{step}" waits for a time that can’t be read: {value}',
    'zh-CN': '步骤“{step}”等待的时间无法识别：{value}',
  },
  'flow.time_limit': {
    en: '"{step}" took longer than its limit.',
    'zh-CN': '步骤“{step}”超过了时间限制。',
  },
  'flow.task_failed': { en: 'The task of the step failed.', 'zh-CN': '该步骤的任务失败。' },
  // What the error of the same code says, as the reason why a step failed.
  'error.flow_not_verified': {
    en: 'Nothing was deleted: in this run there is no verified copy of {name}.',
    'zh-CN': '未删除任何文件：本次运行中没有 {name} 的已校验副本。',
  },
  'flow.version.node': {
    en: 'Version {named}, which {node} was given, and not the newest ({newest}): the node has begun this run by itself, or may have.',
    'zh-CN':
      '使用下发给节点 {node} 的版本 {named}，而不是最新版本（{newest}）：该节点已经或可能已自行开始本次运行。',
  },
  'flow.version.other': {
    en: 'The flow that {node} was given, although another one would be run now: the node has begun this run by itself, or may have.',
    'zh-CN': '使用下发给节点 {node} 的流程，尽管现在会选用另一个流程：该节点已经或可能已自行开始本次运行。',
  },
  'flow.version.begun': {
    en: 'The flow that {node} was given, although it would not be run now: the node has begun this run by itself, or may have.',
    'zh-CN': '使用下发给节点 {node} 的流程，尽管它现在不应运行：该节点已经或可能已自行开始本次运行。',
  },
  'flow.version.newest': {
    en: 'The newest version ({newest}). {node} was given version {named}, and has not begun the run.',
    'zh-CN': '使用最新版本（{newest}）。下发给节点 {node} 的是版本 {named}，但该节点没有开始本次运行。',
  },
  'flow.version.gone': {
    en: 'The newest version: the flow version that {node} was given is not in use any more.',
    'zh-CN': '使用最新版本：下发给节点 {node} 的流程版本已不再使用。',
  },
  'flow.wait.alone': {
    en: 'waits for the node that has begun this run by itself, or may have, to tell of it',
    'zh-CN': '等待已经或可能已自行开始本次运行的节点报告情况',
  },
  'flow.wait.node': {
    en: 'waits for {node} to come back, of which nothing has been heard since {since}: only it has {count} {count|file|files} ({files})',
    'zh-CN': '等待节点 {node} 恢复（自 {since} 起失去联系）：只有它保存着 {count} 个文件（{files}）',
  },
  'flow.wait.run': { en: 'the steps of a flow', 'zh-CN': '流程的步骤' },
} as const satisfies PhraseTable;
