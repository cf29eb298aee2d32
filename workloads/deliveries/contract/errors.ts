import { defineErrors } from '@backlot/contract/errors/catalogue';

/** Errors that end a request to this workload's routes. */
export const deliveryErrors = defineErrors({
  delivery_target_name_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'This project has a target named {name} already. Choose another name.',
      'zh-CN': '此项目已有名为 {name} 的投递目标。请换一个名称。',
    },
  },
  delivery_target_named: {
    status: 409,
    retryable: false,
    message: {
      en: 'Flows name {name}: {flows}. Have them name another target first, or make a new one called {wanted}.',
      'zh-CN': '以下流程使用 {name}：{flows}。请先让它们改用其他目标，或新建名为 {wanted} 的目标。',
    },
  },
  delivery_target_in_flows: {
    status: 409,
    retryable: false,
    message: {
      en: 'Flows name {name}: {flows}. Have them name another target first, or switch this one off instead.',
      'zh-CN': '以下流程使用 {name}：{flows}。请先让它们改用其他目标，或改为停用该目标。',
    },
  },
  delivery_target_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: '{waiting} {waiting|delivery waits|deliveries wait} for {name}. Let them end or cancel them, or switch the target off instead.',
      'zh-CN': '{name} 还有 {waiting} 个投递未完成。请等待其结束或取消，或改为停用该目标。',
    },
  },
  delivery_target_secrets_needed: {
    status: 422,
    retryable: false,
    message: {
      en: 'The secrets of {name} would go to another address now. Give them again with this change, or remove them: {secrets}.',
      'zh-CN': '此更改会将 {name} 的密钥发往另一个地址。请在同一次更改中重新提供或移除这些密钥：{secrets}。',
    },
  },
  delivery_target_address_sign_in: {
    status: 422,
    retryable: false,
    message: {
      en: 'An address with user and password in it is shown to everybody who sees the target. Take them out, and give them as {fields}.',
      'zh-CN': '地址中的用户名和密码会显示给所有能看到该目标的人。请从地址中移除，并填写到 {fields}。',
    },
  },
  delivery_target_address_no_sign_in: {
    status: 422,
    retryable: false,
    message: {
      en: 'An address with user and password in it is shown to everybody who sees the target. Take them out: a target of kind {kind} does not sign in to its server by them.',
      'zh-CN':
        '地址中的用户名和密码会显示给所有能看到该目标的人。请将其移除：{kind} 类型的目标不使用它们登录服务器。',
    },
  },
  delivery_target_takes_no_messages: {
    status: 422,
    retryable: false,
    message: {
      en: '{name} keeps files and takes no messages. Choose a target for messages.',
      'zh-CN': '{name} 用于存放文件，不接收消息。请选择消息目标。',
    },
  },
  delivery_command_invalid: {
    status: 422,
    retryable: false,
    message: {
      en: 'The program of a command is an absolute path or a bare name, and no placeholder: {program} is neither.',
      'zh-CN': '命令的程序必须是绝对路径或单独的程序名，不能是占位符：{program} 不符合。',
    },
  },
});
