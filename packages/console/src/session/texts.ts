import { defineTexts } from '../i18n/texts.ts';

export const sessionTexts = defineTexts('session', {
  'login.title': { en: 'Sign in to Backlot', 'zh-CN': '登录 Backlot' },
  'login.email': { en: 'E-mail', 'zh-CN': '邮箱' },
  'login.password': { en: 'Password', 'zh-CN': '密码' },
  'login.submit': { en: 'Sign in', 'zh-CN': '登录' },
  'login.setupNeeded': {
    en: 'Nobody has an account here yet. Open the set-up link that “backlot up” printed when it started.',
    'zh-CN': '此处尚无账号。请打开 “backlot up” 启动时打印的初始化链接。',
  },
  'login.ended': {
    en: 'Your session has ended. Sign in again to go on.',
    'zh-CN': '会话已结束，请重新登录后继续。',
  },
  'setup.title': { en: 'Set up Backlot', 'zh-CN': '初始化 Backlot' },
  'setup.intro': {
    en: 'You make the first account. It may do everything; you can add more people under Access.',
    'zh-CN': '这里创建第一个账号，拥有全部权限。之后可在“访问控制”中添加其他人员。',
  },
  'setup.invited': {
    en: 'You were invited. Choose a password of at least 10 characters.',
    'zh-CN': '您已受邀加入。请设置至少 10 个字符的密码。',
  },
  'setup.name': { en: 'Your name', 'zh-CN': '您的姓名' },
  'setup.passwordHint': {
    en: 'At least 10 characters. Long is better than complicated.',
    'zh-CN': '至少 10 个字符，长比复杂更安全。',
  },
  'setup.submit': { en: 'Create account', 'zh-CN': '创建账号' },
  'setup.noToken': {
    en: 'This link is not complete: it must end in # and a code. Copy the whole line that “backlot up” printed.',
    'zh-CN': '链接不完整：末尾应为 # 加一段代码。请复制 “backlot up” 打印的整行链接。',
  },
  'setup.signIn': { en: 'Go to the sign-in page', 'zh-CN': '前往登录页' },
  'password.title': { en: 'Welcome, {{name}}', 'zh-CN': '欢迎，{{name}}' },
  'password.submit': { en: 'Save and sign in', 'zh-CN': '保存并登录' },
  'setup.done': {
    en: 'Backlot is set up already. Sign in instead.',
    'zh-CN': 'Backlot 已完成初始化，请直接登录。',
  },
  tagline: { en: 'A studio’s machines, run as one', 'zh-CN': '让工作室的机器协同如一' },
});
