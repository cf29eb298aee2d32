import type { Phrase } from '@backlot/contract/phrase';

/** What commands of recordings say in lists and answers. */
export const texts = {
  name: { en: 'NAME', 'zh-CN': '名称' },
  state: { en: 'STATE', 'zh-CN': '状态' },
  bitrate: { en: 'BITRATE', 'zh-CN': '码率' },
  lost: { en: 'LOST', 'zh-CN': '缺失' },
  source: { en: 'SOURCE', 'zh-CN': '源' },
  why: { en: 'WHY', 'zh-CN': '原因' },
  id: { en: 'ID', 'zh-CN': '编号' },
  channel: { en: 'CHANNEL', 'zh-CN': '频道' },
  title: { en: 'TITLE', 'zh-CN': '标题' },
  started: { en: 'STARTED', 'zh-CN': '开始' },
  ended: { en: 'ENDED', 'zh-CN': '结束' },
  length: { en: 'LENGTH', 'zh-CN': '时长' },
  size: { en: 'SIZE', 'zh-CN': '大小' },
  copy: { en: 'COPY', 'zh-CN': '副本' },
  verified: { en: 'verified', 'zh-CN': '已校验' },
  take: { en: 'TAKE', 'zh-CN': '录制段' },
  node: { en: 'NODE', 'zh-CN': '节点' },
  hole: { en: 'HOLE AT', 'zh-CN': '间断位置' },
  file: { en: 'FILE', 'zh-CN': '文件' },
  noChannels: {
    en: 'No channels. `backlot recordings channels add NAME URL` makes one.',
    'zh-CN': '没有频道。可用 `backlot recordings channels add 名称 地址` 添加。',
  },
  noBroadcasts: { en: 'Nothing was recorded yet.', 'zh-CN': '还没有录制内容。' },
  key: { en: 'key: {key}', 'zh-CN': '推流码：{key}' },
  server: { en: 'server: {server}', 'zh-CN': '服务器：{server}' },
  noServer: {
    en: 'server: no node has taken it yet; `backlot recordings channels list` says why',
    'zh-CN': '服务器：还没有节点接手，原因见 `backlot recordings channels list`',
  },
  noTaker: {
    en: 'server: no node takes what is pushed to this channel yet',
    'zh-CN': '服务器：暂无节点接收该频道的推流',
  },
  noTakerWhy: { en: 'why: {why}', 'zh-CN': '原因：{why}' },
  rotateNeedsYes: {
    en: 'This makes a new key for {name}. The old one is void for good, and whoever pushes with it is put out. Say it with --yes.',
    'zh-CN': '此操作将更换 {name} 的推流码。旧推流码永久失效，使用它的推流会被断开。请用 --yes 确认。',
  },
  rotated: { en: '{name}: a new key; the old one is void', 'zh-CN': '{name}：推流码已更换，旧推流码失效' },
  start: { en: '{name}: watched from now on', 'zh-CN': '{name}：已开始监视' },
  stop: { en: '{name}: stopped', 'zh-CN': '{name}：已停止' },
  split: {
    en: '{name}: a new part begins at the next keyframe',
    'zh-CN': '{name}：将从下一个关键帧开始新的分段',
  },
  'end-broadcast': { en: '{name}: the broadcast is ended', 'zh-CN': '{name}：本场直播已结束' },
  removed: { en: '{name}: removed; what it has recorded stays', 'zh-CN': '{name}：已移除，已录内容保留' },
  trashed: {
    en: '{id}: in the trash; for a day `backlot recordings broadcasts restore {id}` takes it back',
    'zh-CN': '{id}：已移入回收站，一天内可用 `backlot recordings broadcasts restore {id}` 恢复',
  },
  restored: {
    en: '{id}: taken back out of the trash ({channel}, {size})',
    'zh-CN': '{id}：已从回收站恢复（{channel}，{size}）',
  },
  amounts: {
    en: '{length}, {size} in {count} {count|segment|segments}, {lost} ms lost',
    'zh-CN': '{length}，{size}，{count} 个片段，缺失 {lost} 毫秒',
  },
  deleted: {
    en: 'Of its segments {left} {left|is|are} still there; the rest was deleted.',
    'zh-CN': '保留 {left} 个片段，其余已删除。',
  },
} as const satisfies Record<string, Phrase>;
