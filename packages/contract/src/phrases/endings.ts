import type { PhraseTable } from '../phrase.ts';

/** Why attempts, tasks and jobs ended, where the kernel itself and not a workload says so. */
export const endingPhrases = {
  'end.canceled_by': { en: 'canceled by {who}', 'zh-CN': '由 {who} 取消' },
  'end.need_failed': {
    en: 'canceled because {key}, which it builds on, did not succeed',
    'zh-CN': '因其依赖的 {key} 未成功而取消',
  },
  'end.not_needed': { en: 'no longer needed', 'zh-CN': '不再需要' },
  'end.job_failed': { en: 'canceled because the job can’t succeed', 'zh-CN': '因作业无法成功而取消' },
  'end.expired': {
    en: '{node} did not answer the offer in time; the task goes to another',
    'zh-CN': '{node} 未及时应答；任务将转交其他节点',
  },
  'end.rejected': { en: '{node} refused: {why}', 'zh-CN': '{node} 拒绝：{why}' },
  'end.lost': {
    en: '{node} stayed away too long; its work was given to others',
    'zh-CN': '{node} 失联过久，其任务已转交其他节点',
  },
  'end.forgotten': {
    en: '{node} no longer knows of this work; it is started again',
    'zh-CN': '{node} 已不再持有该任务，将重新开始',
  },
  'end.preempted': {
    en: 'made room on {node} for more urgent work; not counted as an attempt',
    'zh-CN': '为 {node} 上更紧急的任务让出资源；不计入尝试次数',
  },
  'end.drained': {
    en: '{node} is being drained; not counted as an attempt',
    'zh-CN': '{node} 正在排空；不计入尝试次数',
  },
  'end.taken_back': { en: 'taken back by {who}', 'zh-CN': '由 {who} 收回' },
  'end.stopped_by_node': {
    en: '{node} ended the work by itself; not counted as an attempt',
    'zh-CN': '{node} 自行结束了任务；不计入尝试次数',
  },
  'failure.no_outcome': {
    en: 'The node said that the work ended, but not how. Look at the log of the node.',
    'zh-CN': '节点报告任务已结束，但没有说明结果。请查看节点日志。',
  },
  'failure.result_misfit': {
    en: 'The result does not fit what {kind} promises: {problem}. This is a fault of the product; report it.',
    'zh-CN': '结果不符合 {kind} 的约定：{problem}。这是产品缺陷，请报告。',
  },
  'failure.memory_limit': {
    en: 'Ran out of memory again with {amount}, after {steps} {steps|raise|raises}. Give the task more, or make the work smaller.',
    'zh-CN': '已提升 {steps} 次，在 {amount} 内存下仍然不足。请分配更多内存或减小任务规模。',
  },
  'failure.follow_up': {
    en: 'What follows from {key} could not be worked out: {problem}. This is a fault of the product; report it.',
    'zh-CN': '无法确定 {key} 之后的步骤：{problem}。这是产品缺陷，请报告。',
  },
  'failure.same_cause': {
    en: '{count} {count|task|tasks} failed for the same reason, so the job was stopped: {cause}',
    'zh-CN': '{count} 个任务因同一原因失败，作业已停止：{cause}',
  },
} as const satisfies PhraseTable;
