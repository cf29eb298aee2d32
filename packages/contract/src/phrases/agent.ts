import type { PhraseTable } from '../phrase.ts';

/** What an agent says: why it did not take an offer, and why an attempt failed before or after its process. */
export const agentPhrases = {
  'reject.stopping': {
    en: 'The node’s agent is stopping and takes nothing new.',
    'zh-CN': '该节点的代理正在停止，不再接受新任务。',
  },
  'reject.disk_full': {
    en: 'The node has {free} bytes of disk left, and {needed} would be needed with what already runs there.',
    'zh-CN': '该节点剩余磁盘 {free} 字节，连同正在运行的任务共需 {needed} 字节。',
  },
  'reject.kind_unknown': {
    en: 'The node does not know tasks of the kind {kind}. Run the same release on all machines.',
    'zh-CN': '该节点不认识 {kind} 类任务。请在所有机器上运行同一版本。',
  },
  'reject.duplicate': {
    en: 'The node already has this allocation with the fence {fence}.',
    'zh-CN': '该节点已持有此分配（fence {fence}）。',
  },
  'reject.not_recorded': {
    en: 'The node could not write the offer down: {reason}.',
    'zh-CN': '该节点无法记录此任务：{reason}。',
  },
  'pause.disk': {
    en: 'Paused because the node’s disk is nearly full; it goes on where it stopped as soon as there is room.',
    'zh-CN': '该节点磁盘将满，任务已暂停；有空间后会从中断处继续。',
  },
  'attempt.parameters': {
    en: 'The node does not understand the task’s parameters: {reason}. Run the same release on all machines.',
    'zh-CN': '该节点无法理解任务参数：{reason}。请在所有机器上运行同一版本。',
  },
  'attempt.input': {
    en: 'The input {name} could not be fetched: {reason}.',
    'zh-CN': '无法获取输入文件 {name}：{reason}。',
  },
  'attempt.start': {
    en: 'The process could not be started: {reason}.',
    'zh-CN': '无法启动进程：{reason}。',
  },
  'attempt.runner_lost': {
    en: 'The process that watches over the work was ended from outside, and the work with it. It is done again.',
    'zh-CN': '监管进程被外部终止，任务随之中断，将重新执行。',
  },
  'attempt.disk_full': {
    en: 'The node’s disk was nearly full ({free} bytes left), so the work was ended to keep the machine usable.',
    'zh-CN': '该节点磁盘将满（剩余 {free} 字节），已结束任务以保证机器可用。',
  },
  'attempt.lease_lost': {
    en: 'The node could not reach the control plane for {seconds} {seconds|second|seconds} and ended the work itself.',
    'zh-CN': '该节点已有 {seconds} 秒无法连接控制面，自行结束了任务。',
  },
  'attempt.output': {
    en: 'The output {name} can’t be used: {reason}.',
    'zh-CN': '输出文件 {name} 无法使用：{reason}。',
  },
  'attempt.upload': {
    en: 'The output {name} could not be uploaded: {reason}.',
    'zh-CN': '无法上传输出文件 {name}：{reason}。',
  },
  'attempt.result': {
    en: 'What the task reports is larger than the {limit} bytes allowed. This is a fault of the workload; report it.',
    'zh-CN': '任务报告超过允许的 {limit} 字节。这是工作负载的缺陷，请反馈。',
  },
  'attempt.conclude_slow': {
    en: 'What came out could not be checked in {minutes} {minutes|minute|minutes}. Look whether the node’s disk is slow, and try again.',
    'zh-CN': '未能在 {minutes} 分钟内检查完输出。请检查节点的磁盘是否过慢，然后重试。',
  },
  'attempt.product': {
    en: 'The node’s part of the workload failed: {reason}. This is a fault of ours; report it with the node’s log.',
    'zh-CN': '工作负载的节点部分出错：{reason}。这是产品缺陷，请附节点日志反馈。',
  },
} satisfies PhraseTable;

/** With this reason a node tells that it has frozen work for its disk. It thaws it by itself; nobody else can. */
export const diskPause = 'pause.disk' satisfies keyof typeof agentPhrases;
