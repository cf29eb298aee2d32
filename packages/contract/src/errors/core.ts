import { defineErrors } from './catalogue.ts';

/** Errors of jobs, tasks, placement and allocations. */
export const coreErrors = defineErrors({
  unknown_job_kind: {
    status: 400,
    retryable: false,
    message: {
      en: 'There is no kind of job called {kind}. This installation knows: {known}.',
      'zh-CN': '没有名为 {kind} 的作业类型。本系统支持：{known}。',
    },
  },
  plan_invalid: {
    status: 500,
    retryable: false,
    message: {
      en: 'The plan of the job kind {kind} is not sound: {problem}. Nothing was stored; report this fault.',
      'zh-CN': '作业类型 {kind} 的计划有误：{problem}。未保存任何内容，请报告此缺陷。',
    },
  },
  quota_jobs: {
    status: 409,
    retryable: true,
    message: {
      en: 'The project {project} has {open} open jobs, and may have {limit}. Wait until one ends, cancel one, or ask an administrator for more.',
      'zh-CN':
        '项目 {project} 已有 {open} 个未结束的作业，上限为 {limit}。请等待或取消其中之一，或联系管理员。',
    },
  },
  job_canceled: {
    status: 409,
    retryable: false,
    message: {
      en: 'The job was canceled and can’t be {wanted}. Use “retry” to start what did not finish.',
      'zh-CN': '作业已取消，不能{wanted}。如需继续未完成的部分，请使用“重试”。',
    },
  },
  job_open: {
    status: 409,
    retryable: false,
    message: {
      en: 'The job is still {state}. Cancel it and wait until it has ended, then delete it.',
      'zh-CN': '作业仍处于 {state} 状态。请先取消并等待结束，然后再删除。',
    },
  },
  nothing_to_retry: {
    status: 409,
    retryable: false,
    message: {
      en: 'The job has no failed or canceled task. There is nothing to retry.',
      'zh-CN': '作业中没有失败或已取消的任务，无需重试。',
    },
  },
  task_not_held: {
    status: 409,
    retryable: false,
    message: {
      en: 'The task {key} is {state}, not held. Only a held task can be released.',
      'zh-CN': '任务 {key} 处于 {state} 状态，未被挂起。只有挂起的任务可以放行。',
    },
  },
  task_finished: {
    status: 409,
    retryable: false,
    message: {
      en: 'The task {key} has {state}; its results are kept. Submit a new job to do it again.',
      'zh-CN': '任务 {key} 已{state}，结果已保留。如需重做，请提交新作业。',
    },
  },
  report_out_of_order: {
    status: 409,
    retryable: true,
    message: {
      en: 'Report {seq} of allocation {allocation} came before report {expected}. Send the reports in order.',
      'zh-CN': '分配 {allocation} 的报告 {seq} 先于报告 {expected} 到达。请按顺序发送。',
    },
  },
  log_not_available: {
    status: 503,
    retryable: true,
    message: {
      en: 'The part of the log that is still on {node} can’t be read now, because the node does not answer. Try again when it is back.',
      'zh-CN': '日志的最新部分仍在节点 {node} 上，而该节点没有响应。请在节点恢复后重试。',
    },
  },
});
