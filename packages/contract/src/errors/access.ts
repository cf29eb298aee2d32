import { defineErrors } from './catalogue.ts';

/** Errors of signing in, accounts, tokens, projects and webhooks. */
export const accessErrors = defineErrors({
  wrong_credentials: {
    status: 401,
    retryable: false,
    message: {
      en: 'The e-mail address or the password is wrong. Check both; an administrator can send a link for a new password.',
      'zh-CN': '邮箱或密码错误。请检查后重试；管理员可以发送重设密码的链接。',
    },
  },
  too_many_sign_ins: {
    status: 429,
    retryable: true,
    message: {
      en: 'Too many attempts to sign in. Try again in {seconds} {seconds|second|seconds}.',
      'zh-CN': '登录尝试过多，请在 {seconds} 秒后重试。',
    },
  },
  link_used_up: {
    status: 410,
    retryable: false,
    message: {
      en: 'This one-time link is not valid any more: it was used, replaced or has expired. Restart Backlot for a new set-up link, or ask an administrator for a new one.',
      'zh-CN':
        '此一次性链接已失效：可能已使用、已被替换或已过期。请重启 Backlot 获取新的设置链接，或向管理员索取。',
    },
  },
  already_set_up: {
    status: 409,
    retryable: false,
    message: {
      en: 'This installation is set up already. Sign in; an administrator can add accounts under Access.',
      'zh-CN': '系统已完成设置。请登录；管理员可在“访问”中添加账户。',
    },
  },
  email_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'There is already an account with the address {email}. Use that one, or another address.',
      'zh-CN': '邮箱 {email} 已有账户。请使用该账户或更换邮箱。',
    },
  },
  slug_taken: {
    status: 409,
    retryable: false,
    message: {
      en: 'There is already a project with the short name {slug}. Choose another.',
      'zh-CN': '已有项目使用短名称 {slug}。请另选一个。',
    },
  },
  last_administrator: {
    status: 409,
    retryable: false,
    message: {
      en: 'This is the last administrator of the installation. Make somebody else administrator first.',
      'zh-CN': '这是系统最后一位管理员。请先将其他人设为管理员。',
    },
  },
  password_not_set: {
    status: 409,
    retryable: false,
    message: {
      en: 'The present password is wrong. Check it, or ask an administrator for a link to choose a new one.',
      'zh-CN': '当前密码错误。请检查，或向管理员索取重设密码的链接。',
    },
  },
  account_needed: {
    status: 409,
    retryable: false,
    message: {
      en: 'This belongs to an account, and the administration token of the installation has none. Sign in with an account.',
      'zh-CN': '此操作需要账户，而系统管理令牌不属于任何账户。请使用账户登录。',
    },
  },
  scope_unknown: {
    status: 400,
    retryable: false,
    message: {
      en: 'The scope {scope} covers no permission. Use a permission such as jobs.read, an area such as jobs.*, or *.',
      'zh-CN': '范围 {scope} 不包含任何权限。请使用权限（如 jobs.read）、区域（如 jobs.*）或 *。',
    },
  },
  whole_account_needed: {
    status: 403,
    retryable: false,
    message: {
      en: 'A token with fewer scopes than * or of a single project can’t manage the account it belongs to. Sign in, or use a token without these limits.',
      'zh-CN': '范围受限或限定单个项目的令牌不能管理其所属账户。请登录操作，或使用不受限的令牌。',
    },
  },
  role_exceeded: {
    status: 403,
    retryable: false,
    message: {
      en: 'You can’t give the role {role} here, because you don’t have it yourself.',
      'zh-CN': '您不能授予角色 {role}，因为您自己没有该角色。',
    },
  },
  project_in_use: {
    status: 409,
    retryable: false,
    message: {
      en: 'The project still holds {jobs} jobs and {artifacts} artifacts. Delete them first.',
      'zh-CN': '项目中仍有 {jobs} 个作业和 {artifacts} 个产物。请先删除它们。',
    },
  },
  webhook_address_loopback: {
    status: 400,
    retryable: false,
    message: {
      en: 'Webhooks are not sent to {address}: it is the control plane’s own machine. Use another address, or have an administrator allow it under Settings.',
      'zh-CN':
        'Webhook 不会发送到 {address}：这是控制面所在的机器。请使用其他地址，或由管理员在“设置”中允许。',
    },
  },
  webhook_address_private: {
    status: 400,
    retryable: false,
    message: {
      en: 'Webhooks are not sent to {address}: it is in a private network. Use another address, or have an administrator allow it under Settings.',
      'zh-CN': 'Webhook 不会发送到 {address}：它位于专用网络。请使用其他地址，或由管理员在“设置”中允许。',
    },
  },
  webhook_address_forbidden: {
    status: 400,
    retryable: false,
    message: {
      en: 'Webhooks are never sent to {address}: no receiver can have such an address. Use the receiver’s own address.',
      'zh-CN': 'Webhook 不会发送到 {address}：接收端不可能使用这样的地址。请使用接收端自己的地址。',
    },
  },
});
