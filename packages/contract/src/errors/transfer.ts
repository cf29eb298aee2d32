import { defineErrors } from './catalogue.ts';

/** Errors of moving bytes between a node and the control plane. */
export const transferErrors = defineErrors({
  connection_failed: {
    status: 503,
    retryable: true,
    message: {
      en: 'The connection to the control plane failed: {reason}. It is tried again.',
      'zh-CN': '与控制面的连接失败：{reason}。将自动重试。',
    },
  },
  transfer_refused: {
    status: 502,
    retryable: false,
    message: {
      en: 'Something between this node and the control plane refuses the transfer. Look at proxies on the way.',
      'zh-CN': '本节点与控制面之间的设备拒绝了传输。请检查途中的代理。',
    },
  },
  input_damaged: {
    status: 502,
    retryable: true,
    message: {
      en: 'The bytes of the input {digest} did not arrive as they should ({found}). They are fetched again.',
      'zh-CN': '输入 {digest} 的内容在传输中损坏（{found}）。将重新获取。',
    },
  },
  report_refused: {
    status: 422,
    retryable: false,
    message: {
      en: 'What was found can’t be told: {reason}. The program that reports it has a fault.',
      'zh-CN': '无法上报该结果：{reason}。上报它的程序有缺陷。',
    },
  },
  pipe_refused: {
    status: 502,
    retryable: true,
    message: {
      en: 'The control plane does not take the bytes: {reason}. Ask for them again.',
      'zh-CN': '控制面不接收该内容：{reason}。请重新请求。',
    },
  },
  output_not_plain: {
    status: 422,
    retryable: false,
    message: {
      en: 'The output {path} is not a plain file of the work folder: {reason}. A task must write its own files.',
      'zh-CN': '输出 {path} 不是工作目录中的普通文件：{reason}。任务必须写入自己的文件。',
    },
  },
  output_changed: {
    status: 422,
    retryable: false,
    message: {
      en: 'The output {path} changed while it was uploaded. A task must commit only finished files.',
      'zh-CN': '输出 {path} 在上传过程中发生了变化。任务只能提交已完成的文件。',
    },
  },
});
