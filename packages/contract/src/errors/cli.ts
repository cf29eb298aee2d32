import { defineErrors } from './catalogue.ts';

/** Errors of the command line: configuration, signing in, starting the parts of an installation. */
export const cliErrors = defineErrors({
  config_unreadable: {
    status: 400,
    retryable: false,
    message: {
      en: 'The configuration {file} can’t be read: {reason}. Correct the file, or write a new one with `backlot init`.',
      'zh-CN': '无法读取配置文件 {file}：{reason}。请更正该文件，或用 `backlot init` 重新生成。',
    },
  },
  config_unknown_key: {
    status: 400,
    retryable: false,
    message: {
      en: '{source} sets {key}, which is not a setting.{suggestion} `backlot init` shows them all.',
      'zh-CN': '{source} 设置了 {key}，但没有这个设置项。{suggestion}`backlot init` 会列出全部设置。',
    },
  },
  config_invalid: {
    status: 400,
    retryable: false,
    message: {
      en: '{key} in {source} does not fit: {reason}',
      'zh-CN': '{source} 中的 {key} 不符合要求：{reason}',
    },
  },
  not_signed_in: {
    status: 401,
    retryable: false,
    message: {
      en: 'You are not signed in to {url}. Run `backlot login --url {url}`, or set BACKLOT_TOKEN to an API token.',
      'zh-CN': '您尚未登录 {url}。请运行 `backlot login --url {url}`，或将 BACKLOT_TOKEN 设为 API 令牌。',
    },
  },
  project_needed: {
    status: 400,
    retryable: false,
    message: {
      en: 'There are several projects ({projects}). Say which one with --project.',
      'zh-CN': '有多个项目（{projects}）。请用 --project 指定。',
    },
  },
  ambiguous_name: {
    status: 409,
    retryable: false,
    message: {
      en: '{name} fits several {what}: {matches}. Use more of the id.',
      'zh-CN': '{name} 对应多个{what}：{matches}。请输入更完整的编号。',
    },
  },
  already_running: {
    status: 409,
    retryable: false,
    message: {
      en: 'Backlot is already running with the data in {directory} (process {pid}). Use that one, stop it, or choose another folder with --data-dir.',
      'zh-CN':
        'Backlot 已在使用数据目录 {directory}（进程 {pid}）。请使用该实例、将其停止，或用 --data-dir 指定其他目录。',
    },
  },
  port_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: 'Port {port} on {host} is taken by another program. Stop it, or choose another port with --port (or BACKLOT_PORT).',
      'zh-CN':
        '{host} 的端口 {port} 已被其他程序占用。请停止该程序，或用 --port（或 BACKLOT_PORT）指定其他端口。',
    },
  },
  address_not_usable: {
    status: 400,
    retryable: false,
    message: {
      en: 'This machine can’t listen on {host}:{port} ({reason}). Choose an address of this machine with --host, and a port above 1024 unless started as root.',
      'zh-CN':
        '本机无法监听 {host}:{port}（{reason}）。请用 --host 指定本机地址；非 root 启动时请使用 1024 以上的端口。',
    },
  },
  part_failed: {
    status: 500,
    retryable: true,
    message: {
      en: '{part} ended before it was ready (exit code {code}). Its last words stand above; all of them are in {log}.',
      'zh-CN': '{part} 在就绪之前已退出（退出码 {code}）。最后的输出见上方，完整日志在 {log}。',
    },
  },
  join_token_needed: {
    status: 400,
    retryable: false,
    message: {
      en: 'This machine has not joined {url} yet. Make a join token on its Nodes page (or with `backlot nodes join-token`) and pass it with --token.',
      'zh-CN':
        '本机尚未加入 {url}。请在其节点页面（或用 `backlot nodes join-token`）创建接入令牌，并用 --token 传入。',
    },
  },
});
