import { defineErrors } from './catalogue.ts';

/** Errors of a node: starting and supervising processes, sandbox, limits, hosts, logs. */
export const nodeErrors = defineErrors({
  sandbox_unavailable: {
    status: 503,
    retryable: false,
    message: {
      en: 'This task runs only in a sandbox, and this node has none. {reason} Install bubblewrap on the node and restart its agent.',
      'zh-CN': '此任务只能在沙箱中运行，而该节点没有沙箱。{reason} 请在节点上安装 bubblewrap 并重启代理。',
    },
  },
  program_not_found: {
    status: 503,
    retryable: false,
    message: {
      en: 'The program {program} is not on this node or can’t be executed. Install it, then restart the agent so that it looks again.',
      'zh-CN': '该节点上没有程序 {program}，或它无法执行。请安装后重启代理以重新检测。',
    },
  },
  runner_not_started: {
    status: 503,
    retryable: true,
    message: {
      en: 'The runner of {allocation} did not come up: {reason}. Look at runner.log in the allocation’s folder.',
      'zh-CN': '{allocation} 的运行器未能启动：{reason}。请查看该分配目录中的 runner.log。',
    },
  },
  runner_unreachable: {
    status: 503,
    retryable: true,
    message: {
      en: 'The runner of {allocation} does not answer: {reason}. Its work may still go on; try again.',
      'zh-CN': '{allocation} 的运行器没有响应：{reason}。工作可能仍在进行，请重试。',
    },
  },
  freeze_failed: {
    status: 503,
    retryable: true,
    message: {
      en: 'The processes of {allocation} could not be {action} within {ms} ms; they run on. Try again, or stop the allocation.',
      'zh-CN': '未能在 {ms} 毫秒内对 {allocation} 的进程执行 {action}，它们继续运行。请重试或停止该分配。',
    },
  },
  log_not_found: {
    status: 404,
    retryable: false,
    message: {
      en: 'There is no log of {allocation} on this node. It may have been uploaded and removed; read it from the control plane.',
      'zh-CN': '该节点上没有 {allocation} 的日志。它可能已上传并删除，请从控制面读取。',
    },
  },
  host_unavailable: {
    status: 503,
    retryable: true,
    message: {
      en: 'The host {host} is not running at the moment: {reason}. It is started again by itself; try again in {seconds} {seconds|second|seconds}.',
      'zh-CN': '宿主进程 {host} 目前未运行：{reason}。系统会自动重启它，请在 {seconds} 秒后重试。',
    },
  },
  host_full: {
    status: 503,
    retryable: true,
    message: {
      en: 'The host {host} already runs as many allocations as it may ({capacity}). Wait until one has ended.',
      'zh-CN': '宿主进程 {host} 已达到可运行的分配上限（{capacity}）。请等待其中一个结束。',
    },
  },
  host_refused: {
    status: 502,
    retryable: false,
    message: {
      en: 'The host {host} refused {method}: {reason}.',
      'zh-CN': '宿主进程 {host} 拒绝了 {method}：{reason}。',
    },
  },
});
