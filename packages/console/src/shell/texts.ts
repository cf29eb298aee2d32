import { defineTexts } from '../i18n/texts.ts';

export const shellTexts = defineTexts('shell', {
  'rail.label': { en: 'Main navigation', 'zh-CN': '主导航' },
  'rail.overview': { en: 'Overview', 'zh-CN': '总览' },
  'rail.nodes': { en: 'Nodes', 'zh-CN': '节点' },
  'rail.jobs': { en: 'Jobs', 'zh-CN': '作业' },
  'rail.events': { en: 'Events', 'zh-CN': '事件' },
  'rail.access': { en: 'Access', 'zh-CN': '访问控制' },
  'rail.settings': { en: 'Settings', 'zh-CN': '设置' },
  'rail.more': { en: 'More', 'zh-CN': '更多' },
  'rail.live': {
    en: { one: '{{count}} running', other: '{{count}} running' },
    'zh-CN': '{{count}} 个运行中',
  },
  'skip.content': { en: 'Skip to the page', 'zh-CN': '跳到正文' },

  'project.label': { en: 'Project', 'zh-CN': '项目' },
  'project.all': { en: 'All projects', 'zh-CN': '全部项目' },
  'project.none': { en: 'No project yet', 'zh-CN': '暂无项目' },

  'palette.open': { en: 'Search or do…', 'zh-CN': '搜索或执行…' },
  'palette.placeholder': {
    en: 'Go to a page, node or job, or do something',
    'zh-CN': '前往页面、节点、作业，或执行操作',
  },
  'palette.empty': {
    en: 'Nothing matches. Try a name, an id, or a verb.',
    'zh-CN': '无匹配项。可输入名称、编号或动作。',
  },
  'palette.pages': { en: 'Pages', 'zh-CN': '页面' },
  'palette.actions': { en: 'Actions', 'zh-CN': '操作' },
  'palette.nodes': { en: 'Nodes', 'zh-CN': '节点' },
  'palette.jobs': { en: 'Jobs', 'zh-CN': '作业' },
  'palette.dark': { en: 'Use the dark theme', 'zh-CN': '使用深色主题' },
  'palette.light': { en: 'Use the light theme', 'zh-CN': '使用浅色主题' },
  'palette.language': { en: '切换到简体中文', 'zh-CN': '切换到英文（English）' },
  'palette.addNode': { en: 'Add a node', 'zh-CN': '添加节点' },
  'palette.apiReference': { en: 'Open the API reference', 'zh-CN': '打开 API 文档' },
  'palette.signOut': { en: 'Sign out', 'zh-CN': '退出登录' },

  'health.label': { en: 'Health: {{status}}', 'zh-CN': '健康状态：{{status}}' },
  'health.ok': { en: 'all is well', 'zh-CN': '一切正常' },
  'health.degraded': { en: 'degraded', 'zh-CN': '部分降级' },
  'health.down': { en: 'down', 'zh-CN': '故障' },
  'health.unreachable': { en: 'no answer', 'zh-CN': '无响应' },
  'health.since': { en: 'since', 'zh-CN': '自' },
  'health.live': { en: 'Live updates', 'zh-CN': '实时更新' },
  'health.liveOn': { en: 'connected', 'zh-CN': '已连接' },
  'health.liveOff': {
    en: 'reconnecting; until then the page reads again every 30 s',
    'zh-CN': '正在重连，期间每 30 秒刷新一次',
  },
  'health.version': { en: 'Version {{version}}', 'zh-CN': '版本 {{version}}' },

  'part.database': { en: 'Database', 'zh-CN': '数据库' },
  'part.placement': { en: 'Placement', 'zh-CN': '调度' },
  'part.link': { en: 'Node link', 'zh-CN': '节点链路' },
  'part.blobs': { en: 'Storage', 'zh-CN': '存储' },
  'part.storage': { en: 'Storage', 'zh-CN': '存储' },
  'part.events': { en: 'Events', 'zh-CN': '事件' },
  'part.webhooks': { en: 'Webhooks', 'zh-CN': 'Webhook' },
  'part.fabric': { en: 'Fabric', 'zh-CN': '内部消息' },
  'part.disk': { en: 'Disk', 'zh-CN': '磁盘' },
  'part.nodes': { en: 'Nodes', 'zh-CN': '节点' },

  'scheme.label': { en: 'Theme', 'zh-CN': '主题' },
  'scheme.light': { en: 'Light', 'zh-CN': '浅色' },
  'scheme.dark': { en: 'Dark', 'zh-CN': '深色' },
  'scheme.auto': { en: 'As the system', 'zh-CN': '跟随系统' },
  'language.label': { en: 'Language', 'zh-CN': '语言' },

  'account.label': { en: 'Account', 'zh-CN': '账号' },
  'account.token': { en: 'API token', 'zh-CN': 'API 令牌' },
  'account.signOut': { en: 'Sign out', 'zh-CN': '退出登录' },
  'account.settings': { en: 'My account', 'zh-CN': '我的账号' },

  'notFound.title': { en: 'There is no page at this address', 'zh-CN': '此地址没有页面' },
  'notFound.text': {
    en: 'The thing may have been deleted, or the link is not complete.',
    'zh-CN': '对象可能已被删除，或链接不完整。',
  },
  'notFound.home': { en: 'Go to the overview', 'zh-CN': '返回总览' },
  'boundary.reload': { en: 'Reload the page', 'zh-CN': '刷新页面' },
  'offline.banner': {
    en: 'The control plane does not answer. What you see is from before; running work goes on.',
    'zh-CN': '控制端没有响应。当前显示的是之前的数据，运行中的工作不受影响。',
  },
});
