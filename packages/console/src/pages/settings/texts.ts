import { defineTexts } from '../../i18n/texts.ts';

export const settingsTexts = defineTexts('settings', {
  title: { en: 'Settings', 'zh-CN': '设置' },
  tabs: { en: 'Parts of the settings', 'zh-CN': '设置分类' },
  webhooks: { en: 'Webhooks', 'zh-CN': '网络回调' },
  storage: { en: 'Storage', 'zh-CN': '存储' },
  about: { en: 'About', 'zh-CN': '关于' },
  account: { en: 'My account', 'zh-CN': '我的账号' },

  'hook.add': { en: 'New webhook', 'zh-CN': '新建回调' },
  'hook.none': { en: 'No webhook yet', 'zh-CN': '暂无回调' },
  'hook.none.text': {
    en: 'A webhook tells your own programs what happens here: signed by the Standard Webhooks specification, retried, and kept in a log.',
    'zh-CN': '回调会把此处的事件告知您的程序：按 Standard Webhooks 规范签名、自动重试并保留记录。',
  },
  'hook.url': { en: 'Address', 'zh-CN': '地址' },
  'hook.kinds': { en: 'Events', 'zh-CN': '事件' },
  'hook.kinds.hint': {
    en: 'Kinds, or their beginning with a star: job.*',
    'zh-CN': '事件类型，或以星号结尾的前缀：job.*',
  },
  'hook.make': { en: 'Make the webhook', 'zh-CN': '创建回调' },
  'hook.once': {
    en: 'This is the signing secret. It is shown only now; your program checks signatures with it.',
    'zh-CN': '签名密钥如下，仅显示一次，用于校验签名。',
  },
  'hook.secret': { en: 'Signing secret', 'zh-CN': '签名密钥' },
  'hook.last': { en: 'Last delivery', 'zh-CN': '最近投递' },
  'hook.enabled': { en: 'On', 'zh-CN': '启用' },
  'hook.delete.question': {
    en: 'Delete this webhook and its delivery log?',
    'zh-CN': '删除该回调及其投递记录？',
  },
  'hook.needsProject': { en: 'Choose a project at the top first.', 'zh-CN': '请先在顶部选择一个项目。' },
  deliveries: { en: 'Deliveries', 'zh-CN': '投递记录' },
  'deliveries.none': { en: 'Nothing was sent yet.', 'zh-CN': '尚未发送。' },
  attempts: { en: { one: '{{count}} attempt', other: '{{count}} attempts' }, 'zh-CN': '{{count}} 次尝试' },
  replay: { en: 'Send again', 'zh-CN': '重新发送' },
  next: { en: 'next try', 'zh-CN': '下次重试' },

  'storage.use': { en: 'In use', 'zh-CN': '已用' },
  'storage.free': { en: 'Free', 'zh-CN': '可用' },
  'storage.retention': { en: 'Retention', 'zh-CN': '保留策略' },
  'storage.retention.text': {
    en: 'Each project says how long it keeps its files. Nothing is deleted before its time, and never while a job needs it.',
    'zh-CN': '各项目自行设定文件保留时间。未到期或仍被作业使用的文件不会被删除。',
  },
  'storage.retention.link': { en: 'Projects and their retention', 'zh-CN': '项目及其保留时间' },

  'about.version': { en: 'Version', 'zh-CN': '版本' },
  'about.health': { en: 'Health', 'zh-CN': '健康状态' },
  'about.docs': { en: 'API reference', 'zh-CN': 'API 文档' },
  'about.openapi': { en: 'OpenAPI document', 'zh-CN': 'OpenAPI 文件' },
  'about.metrics': { en: 'Metrics for Prometheus', 'zh-CN': 'Prometheus 指标' },
  'about.license': { en: 'Licence', 'zh-CN': '许可证' },

  'me.name': { en: 'Name', 'zh-CN': '姓名' },
  'me.password': { en: 'Change the password', 'zh-CN': '修改密码' },
  'me.current': { en: 'Present password', 'zh-CN': '当前密码' },
  'me.next': { en: 'New password', 'zh-CN': '新密码' },
  'me.next.hint': { en: 'At least 10 characters', 'zh-CN': '至少 10 个字符' },
  'me.changed': {
    en: 'The password is changed. Other devices were signed out.',
    'zh-CN': '密码已修改，其他设备已退出登录。',
  },
  'me.roles': { en: 'Your roles', 'zh-CN': '您的角色' },
  'me.everywhere': { en: 'everywhere', 'zh-CN': '全局' },
  'me.token': {
    en: 'You are signed in by an API token, which has no password.',
    'zh-CN': '当前通过 API 令牌登录，没有密码。',
  },
  'save.done': { en: 'Saved', 'zh-CN': '已保存' },
});
