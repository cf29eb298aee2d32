import type { PhraseTable } from '../phrase.ts';

/**
 * Why work waits, in the scheduler's own words. Heads (`wait.*`) say what is waited for; causes (`wait.because.*`)
 * follow after a colon and say why each node, or who is ahead. Amounts come with their unit already in the
 * parameter (`8 GB`, `2.5`).
 */
export const waitPhrases = {
  'wait.cpu': { en: 'waits for {amount} free CPU cores', 'zh-CN': '等待 {amount} 个空闲 CPU 核心' },
  'wait.memory': { en: 'waits for {amount} of free memory', 'zh-CN': '等待 {amount} 空闲内存' },
  'wait.disk': { en: 'waits for {amount} of free disk space', 'zh-CN': '等待 {amount} 空闲磁盘空间' },
  'wait.packets': {
    en: 'waits for room for {amount} media packets per second',
    'zh-CN': '等待每秒 {amount} 个媒体包的空闲容量',
  },
  'wait.gpu': {
    en: 'waits for {count} GPU with {amount} of free memory',
    'zh-CN': '等待 {count} 块空闲显存为 {amount} 的 GPU',
  },
  'wait.encoder': {
    en: 'waits for a GPU with {amount} free encoder sessions',
    'zh-CN': '等待有 {amount} 路空闲编码会话的 GPU',
  },
  'wait.slots_node': {
    en: 'waits for one of the same kind to end: at most {limit} may run on one node',
    'zh-CN': '等待同类任务结束：每个节点最多同时运行 {limit} 个',
  },
  'wait.slots_gpu': {
    en: 'waits for one of the same kind to end: at most {limit} may run on one GPU',
    'zh-CN': '等待同类任务结束：每块 GPU 最多同时运行 {limit} 个',
  },
  'wait.capability': {
    en: 'waits for a node that has proved {capability}',
    'zh-CN': '等待已验证具备 {capability} 的节点',
  },
  'wait.labels': {
    en: 'waits for a node with the labels {labels}',
    'zh-CN': '等待带有标签 {labels} 的节点',
  },
  'wait.named_nodes': {
    en: 'waits for one of the nodes that it may run on',
    'zh-CN': '等待其允许运行的节点之一',
  },
  'wait.ready_node': {
    en: 'waits for a node of the pool {pool} that can take work',
    'zh-CN': '等待资源池 {pool} 中可接收任务的节点',
  },
  'wait.no_node': {
    en: 'the pool {pool} has no node; join one with the command on the Nodes page',
    'zh-CN': '资源池 {pool} 中没有节点；请使用“节点”页面上的命令加入节点',
  },
  'wait.too_large': {
    en: 'no node of the pool {pool} is large enough; join a larger one or ask for less',
    'zh-CN': '资源池 {pool} 中没有足够大的节点；请加入更大的节点或减少资源需求',
  },
  'wait.elsewhere': {
    en: 'waits for another node: it failed on those that are free',
    'zh-CN': '等待其他节点：任务在空闲节点上失败过',
  },
  'wait.turn': { en: 'waits for its turn', 'zh-CN': '等待轮到它' },
  'wait.quota': {
    en: 'waits for the project {project} to use less: it holds {used} of the {limit} CPU cores that it may',
    'zh-CN': '等待项目 {project} 释放资源：已占用 {used} 个 CPU 核心，上限 {limit} 个',
  },
  'wait.preempting': {
    en: 'waits for {count} less urgent {count|task|tasks} on {node} to make room',
    'zh-CN': '等待 {node} 上 {count} 个优先级较低的任务让出资源',
  },
  'wait.paused': { en: 'its job is paused', 'zh-CN': '所属作业已暂停' },
  'wait.needs': {
    en: 'waits for {count} {count|task|tasks} that it builds on',
    'zh-CN': '等待其依赖的 {count} 个任务',
  },
  'wait.retry': {
    en: 'tries again soon, attempt {attempt} of {limit}',
    'zh-CN': '即将重试，第 {attempt} 次，共 {limit} 次',
  },
  'wait.retry_free': {
    en: 'tries again soon; the last attempt is not counted',
    'zh-CN': '即将重试；上一次尝试不计次数',
  },
  'wait.retry_memory': {
    en: 'tries again soon with {amount} of memory',
    'zh-CN': '即将以 {amount} 内存重试',
  },
  'wait.frozen': {
    en: 'paused on {node} for more urgent work; goes on where it stopped',
    'zh-CN': '已在 {node} 上为更紧急的任务暂停；之后从中断处继续',
  },
  'wait.unreachable': {
    en: 'the node {node} can’t be reached; its work is given to another if it stays away',
    'zh-CN': '节点 {node} 无法连接；如持续失联，任务将转交其他节点',
  },
  'wait.held': { en: 'waits for a person', 'zh-CN': '等待人工处理' },
  'wait.held_missing': {
    en: 'waits for missing files: {files}. Add them, then release the task',
    'zh-CN': '等待缺失的文件：{files}。请补齐后放行任务',
  },
  'wait.held_capability': {
    en: 'no other node can do this; it goes on by itself when one joins that can',
    'zh-CN': '没有其他节点能够执行；有合适的节点加入后会自动继续',
  },

  'wait.because.slots': { en: '{node} runs {count}', 'zh-CN': '{node} 正在运行 {count} 个' },
  'wait.because.free_cpu': { en: '{node} has {amount} free', 'zh-CN': '{node} 空闲 {amount} 个' },
  'wait.because.free': { en: '{node} has {amount} free', 'zh-CN': '{node} 空闲 {amount}' },
  'wait.because.too_small': { en: '{node} has {amount} in all', 'zh-CN': '{node} 总共 {amount}' },
  'wait.because.no_gpu': { en: '{node} has no such GPU', 'zh-CN': '{node} 没有这样的 GPU' },
  'wait.because.lacks': { en: '{node} lacks {capability}', 'zh-CN': '{node} 不具备 {capability}' },
  'wait.because.labels': { en: '{node} has other labels', 'zh-CN': '{node} 标签不符' },
  'wait.because.cordoned': { en: '{node} is cordoned', 'zh-CN': '{node} 已停止调度' },
  'wait.because.draining': { en: '{node} is being drained', 'zh-CN': '{node} 正在排空' },
  'wait.because.unreachable': { en: '{node} can’t be reached', 'zh-CN': '{node} 无法连接' },
  'wait.because.joining': { en: '{node} has not connected yet', 'zh-CN': '{node} 尚未连接' },
  'wait.because.quarantined': {
    en: '{node} came and went too often and is left alone for now',
    'zh-CN': '{node} 频繁掉线，暂不使用',
  },
  'wait.because.avoided': { en: 'it failed on {node}', 'zh-CN': '曾在 {node} 上失败' },
  'wait.because.refused': { en: '{node} refused it', 'zh-CN': '{node} 拒绝了任务' },
  'wait.because.ahead': { en: '{count} {count|is|are} ahead of it', 'zh-CN': '前面还有 {count} 个' },
  'wait.because.ahead_in_project': {
    en: '{count} ahead in project {project}',
    'zh-CN': '项目 {project} 中前面还有 {count} 个',
  },
  'wait.because.more': { en: 'and {count} more {count|node|nodes}', 'zh-CN': '另有 {count} 个节点' },
} as const satisfies PhraseTable;
