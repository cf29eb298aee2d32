import { defineErrors } from './catalogue.ts';

/** Errors of flows and their runs. */
export const flowErrors = defineErrors({
  flow_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: 'The flow can’t be saved. {problem} Every place that is wrong is listed.',
      'zh-CN': '流程无法保存。{problem} 所有问题均已列出。',
    },
  },
  flow_changed: {
    status: 409,
    retryable: false,
    message: {
      en: 'The flow was saved by somebody else meanwhile: it is at version {version}. Look at that one, then save yours again.',
      'zh-CN': '流程已被他人保存，当前版本为 {version}。请查看该版本后再保存。',
    },
  },
  flow_name_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'The project has another flow called “{name}”. Choose another name.',
      'zh-CN': '项目中已有名为“{name}”的流程，请换一个名称。',
    },
  },
  flow_in_use: {
    status: 409,
    retryable: true,
    message: {
      en: 'The flow has {count} open {count|run|runs}. Cancel them or wait, then delete it.',
      'zh-CN': '该流程有 {count} 个未结束的运行。请取消或等待结束后再删除。',
    },
  },
  flow_run_port: {
    status: 400,
    retryable: false,
    message: {
      en: 'The trigger {trigger} has no port “{port}”, or takes another number of files there. Its ports: {known}.',
      'zh-CN': '触发器 {trigger} 没有端口“{port}”，或文件数量不符。可用端口：{known}。',
    },
  },
  flow_run_ended: {
    status: 409,
    retryable: false,
    message: {
      en: 'The run has {state} already. Retry it to do it again.',
      'zh-CN': '该运行已结束（{state}）。如需重新执行，请使用重试。',
    },
  },
  flow_run_open: {
    status: 409,
    retryable: true,
    message: {
      en: 'The run has not ended. Cancel it or wait, then retry it.',
      'zh-CN': '该运行尚未结束。请取消或等待结束后再重试。',
    },
  },
  flow_run_done: {
    status: 409,
    retryable: false,
    message: {
      en: 'Everything in the run has succeeded, so nothing is left to do again. Say from which step on it is to be done again.',
      'zh-CN': '该运行的所有步骤均已成功，没有需要重做的内容。请指定从哪个步骤开始重做。',
    },
  },
  flow_step_unknown: {
    status: 400,
    retryable: false,
    message: {
      en: 'The flow has no step “{step}”. Its steps: {known}.',
      'zh-CN': '流程中没有步骤“{step}”。现有步骤：{known}。',
    },
  },
  flow_run_job: {
    status: 409,
    retryable: false,
    message: {
      en: 'The job belongs to a run of a flow, which decides what is done again. Retry the run instead.',
      'zh-CN': '该作业属于一次流程运行，由流程决定重做哪些步骤。请改为重试该运行。',
    },
  },
  flow_not_verified: {
    status: 409,
    retryable: false,
    message: {
      en: 'Nothing was deleted: in this run there is no verified copy of {name}.',
      'zh-CN': '未删除任何文件：本次运行中没有 {name} 的已校验副本。',
    },
  },
  flow_hook_body: {
    status: 400,
    retryable: false,
    message: {
      en: 'The body of a flow’s webhook has to be a JSON object. Send one, with Content-Type application/json.',
      'zh-CN': '流程 Webhook 的请求体必须是 JSON 对象，并使用 Content-Type application/json。',
    },
  },
});
