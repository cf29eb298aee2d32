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
      en: 'More than one {what} fits {name}: {matches}. Use more of the id.',
      'zh-CN': '{name} 对应多个{what}：{matches}。请输入更完整的编号。',
    },
    nouns: ['what'],
  },
  part_failed: {
    status: 500,
    retryable: true,
    message: {
      en: '{part} ended before it was ready (exit code {code}). Its last words stand above; all of them are in {log}.',
      'zh-CN': '{part} 在就绪之前已退出（退出码 {code}）。最后的输出见上方，完整日志在 {log}。',
    },
  },
  settings_incomplete: {
    status: 400,
    retryable: false,
    message: {
      en: '{key} is set and {missing} is not. Set both, or neither.',
      'zh-CN': '设置了 {key} 但没有设置 {missing}。请同时设置或都不设置。',
    },
  },
  control_url_missing: {
    status: 400,
    retryable: false,
    message: {
      en: 'Say which control plane this machine belongs to: --join https://… (or BACKLOT_CONTROL_URL).',
      'zh-CN': '请指定本机所属的控制面：--join https://…（或 BACKLOT_CONTROL_URL）。',
    },
  },
});
