import { createContext, useContext } from 'react';

export const languages = ['en', 'zh-CN'] as const;
export type PageLanguage = (typeof languages)[number];
type Text = Readonly<Record<PageLanguage, string>>;

/** All words of the room page. `{name}` is filled in; `{n|one|other}` chooses by the number n. */
export const texts = {
  'join.title': { en: 'Join {room}', 'zh-CN': '加入 {room}' },
  'join.name': { en: 'Your name', 'zh-CN': '您的姓名' },
  'join.do': { en: 'Join', 'zh-CN': '加入' },
  'join.doing': { en: 'Joining', 'zh-CN': '正在加入' },
  'join.needsName': { en: 'Others will see this name.', 'zh-CN': '其他成员会看到此名称。' },
  'join.silent': {
    en: 'You join without sound and picture; both can be switched on later.',
    'zh-CN': '您将以静音、关闭摄像头的方式加入，之后可随时开启。',
  },
  'join.noRoom': { en: 'This address names no room', 'zh-CN': '此地址没有指定房间' },
  'join.noRoom.text': {
    en: 'Open the link that you were sent; it ends in /r/ and the name of the room.',
    'zh-CN': '请打开收到的链接，它以 /r/ 加房间名称结尾。',
  },
  'preview.off': { en: 'Camera is off', 'zh-CN': '摄像头已关闭' },
  'preview.starting': { en: 'Camera is starting', 'zh-CN': '正在开启摄像头' },
  'level.label': { en: 'Microphone level', 'zh-CN': '麦克风音量' },

  microphone: { en: 'Microphone', 'zh-CN': '麦克风' },
  camera: { en: 'Camera', 'zh-CN': '摄像头' },
  speaker: { en: 'Loudspeaker', 'zh-CN': '扬声器' },
  screen: { en: 'Screen', 'zh-CN': '屏幕' },
  'screen-audio': { en: 'Screen sound', 'zh-CN': '屏幕声音' },
  other: { en: 'Other', 'zh-CN': '其他' },
  'device.default': { en: 'System default', 'zh-CN': '系统默认' },
  'device.unnamed': { en: 'Device {n}', 'zh-CN': '设备 {n}' },

  'mic.on': { en: 'Switch the microphone on', 'zh-CN': '打开麦克风' },
  'mic.off': { en: 'Mute the microphone', 'zh-CN': '静音' },
  'cam.on': { en: 'Switch the camera on', 'zh-CN': '打开摄像头' },
  'cam.off': { en: 'Switch the camera off', 'zh-CN': '关闭摄像头' },
  'screen.on': { en: 'Share the screen', 'zh-CN': '共享屏幕' },
  'screen.off': { en: 'Stop sharing', 'zh-CN': '停止共享' },
  'view.grid': { en: 'Show as a grid', 'zh-CN': '网格视图' },
  'view.speaker': { en: 'Show the speaker large', 'zh-CN': '演讲者视图' },
  chat: { en: 'Chat', 'zh-CN': '聊天' },
  people: { en: 'People', 'zh-CN': '成员' },
  stats: { en: 'Statistics', 'zh-CN': '统计' },
  settings: { en: 'Settings', 'zh-CN': '设置' },
  leave: { en: 'Leave', 'zh-CN': '离开' },
  close: { en: 'Close', 'zh-CN': '关闭' },
  more: { en: 'More', 'zh-CN': '更多' },
  back: { en: 'Back', 'zh-CN': '返回' },
  controls: { en: 'Controls', 'zh-CN': '控制栏' },

  'lobby.title': { en: 'You will be let in', 'zh-CN': '请稍候' },
  'lobby.text': {
    en: 'A moderator of {room} has been told that you wait. Keep this page open.',
    'zh-CN': '已通知 {room} 的主持人您正在等待。请保持此页面打开。',
  },

  'end.left': { en: 'You have left', 'zh-CN': '您已离开' },
  'end.left.text': { en: 'Nobody hears or sees you any more.', 'zh-CN': '其他人已听不到也看不到您。' },
  'end.kicked': { en: 'You were removed', 'zh-CN': '您已被移出' },
  'end.kicked.text': {
    en: 'A moderator has removed you from this room. Ask for a new link to come back.',
    'zh-CN': '主持人已将您移出此房间。如需再次进入，请申请新的链接。',
  },
  'end.denied': { en: 'You were not let in', 'zh-CN': '未获准进入' },
  'end.denied.text': {
    en: 'A moderator has said no. Ask whoever invited you.',
    'zh-CN': '主持人拒绝了您的请求。请联系邀请您的人。',
  },
  'end.replaced': { en: 'You are here twice', 'zh-CN': '您已在别处加入' },
  'end.replaced.text': {
    en: 'The same link was opened elsewhere, and this page has made place for it.',
    'zh-CN': '同一链接已在其他地方打开，此页面已退出。',
  },
  'end.room_closed': { en: 'The room was closed', 'zh-CN': '房间已关闭' },
  'end.room_closed.text': { en: 'It has ended for everybody.', 'zh-CN': '该房间已对所有人结束。' },
  'end.revoked': { en: 'Your link was withdrawn', 'zh-CN': '您的链接已被撤销' },
  'end.revoked.text': { en: 'Ask for a new one.', 'zh-CN': '请申请新的链接。' },
  'end.timed_out': { en: 'The connection was lost', 'zh-CN': '连接已断开' },
  'end.timed_out.text': {
    en: 'It did not come back in time. Join again.',
    'zh-CN': '未能及时恢复连接。请重新加入。',
  },
  'end.unreachable': { en: 'The server can’t be reached', 'zh-CN': '无法连接服务器' },
  'end.unreachable.text': {
    en: 'Look at your network, then join again.',
    'zh-CN': '请检查网络后重新加入。',
  },
  'end.refused': { en: 'You can’t join', 'zh-CN': '无法加入' },
  'end.again': { en: 'Join again', 'zh-CN': '重新加入' },

  'why.room_not_found': {
    en: 'There is no such room, or it is closed. Check the link.',
    'zh-CN': '房间不存在或已关闭。请检查链接。',
  },
  'why.room_locked': {
    en: 'The room is locked. Ask a moderator to unlock it, then try again.',
    'zh-CN': '房间已锁定。请联系主持人解锁后重试。',
  },
  'why.room_full': {
    en: 'The room is full. Try again when somebody has left.',
    'zh-CN': '房间已满。请等有人离开后重试。',
  },
  'why.room_token_invalid': {
    en: 'This link is no longer valid. Ask for a new one.',
    'zh-CN': '此链接已失效。请申请新的链接。',
  },
  'why.room_token_expired': {
    en: 'This link has expired. Ask for a new one.',
    'zh-CN': '此链接已过期。请申请新的链接。',
  },
  'why.room_token_revoked': {
    en: 'This link was withdrawn. Ask for a new one.',
    'zh-CN': '此链接已被撤销。请申请新的链接。',
  },
  'why.room_token_required': {
    en: 'This room is entered with an invitation link. Ask for one.',
    'zh-CN': '进入此房间需要邀请链接。请向主持人索取。',
  },
  'why.participant_banned': {
    en: 'You were removed from this room. Ask a moderator for a new link.',
    'zh-CN': '您已被移出此房间。请向主持人申请新的链接。',
  },
  'why.room_without_place': {
    en: 'No machine can take the room at the moment. Try again in a few seconds.',
    'zh-CN': '目前没有机器可以承载此房间。请几秒后重试。',
  },
  'why.unsupported': {
    en: 'This browser can’t make calls. Use a current Chrome, Edge, Firefox or Safari.',
    'zh-CN': '此浏览器不支持通话。请使用新版 Chrome、Edge、Firefox 或 Safari。',
  },
  'why.timeout': {
    en: 'The server did not answer in time. Try again.',
    'zh-CN': '服务器未及时响应。请重试。',
  },
  'why.disconnected': {
    en: 'The server can’t be reached. Look at your network, then try again.',
    'zh-CN': '无法连接服务器。请检查网络后重试。',
  },

  'device.NotAllowedError': {
    en: '{device}: the browser was told not to. Allow it by the symbol beside the address, then switch it on.',
    'zh-CN': '{device}：浏览器未获得权限。请在地址栏旁的图标中允许，然后重新打开。',
  },
  'device.NotFoundError': {
    en: '{device}: none was found. Plug one in and switch it on.',
    'zh-CN': '{device}：未找到设备。请接入设备后打开。',
  },
  'device.NotReadableError': {
    en: '{device}: another program uses it. Close that program, then switch it on.',
    'zh-CN': '{device}：正被其他程序占用。请关闭该程序后打开。',
  },
  'device.OverconstrainedError': {
    en: '{device}: the chosen one is gone. Choose another.',
    'zh-CN': '{device}：所选设备已不可用。请选择其他设备。',
  },
  'device.insecure': {
    en: '{device}: browsers give it only to pages opened by https. Open the room by its https address.',
    'zh-CN': '{device}：浏览器仅在 https 页面中开放。请通过 https 地址打开房间。',
  },
  'device.other': {
    en: '{device} can’t be used ({reason}). Try again or choose another.',
    'zh-CN': '{device}无法使用（{reason}）。请重试或选择其他设备。',
  },
  'device.gone': { en: '{device}: it was unplugged.', 'zh-CN': '{device}：设备已断开。' },

  you: { en: 'You', 'zh-CN': '您' },
  'tile.you': { en: '{name} (you)', 'zh-CN': '{name}（您）' },
  'tile.screen': { en: '{name}: screen', 'zh-CN': '{name} 的屏幕' },
  'tile.pin': { en: 'Show {name} large', 'zh-CN': '放大 {name}' },
  'tile.unpin': { en: 'Back to the others', 'zh-CN': '恢复视图' },
  'tile.muted': { en: 'Microphone is off', 'zh-CN': '麦克风已关闭' },
  'quality.good': { en: 'Good connection', 'zh-CN': '连接良好' },
  'quality.fair': { en: 'Weak connection', 'zh-CN': '连接一般' },
  'quality.poor': { en: 'Bad connection', 'zh-CN': '连接很差' },
  'page.next': { en: 'Next people', 'zh-CN': '下一页' },
  'page.previous': { en: 'Previous people', 'zh-CN': '上一页' },
  'page.of': { en: '{page} of {pages}', 'zh-CN': '{page} / {pages}' },
  'empty.title': { en: 'You are the first', 'zh-CN': '您是第一位成员' },
  'empty.text': { en: 'Send the link to those who shall come.', 'zh-CN': '请将链接发送给要加入的人。' },

  'chat.write': { en: 'Write to everybody', 'zh-CN': '发送给所有人' },
  'chat.send': { en: 'Send', 'zh-CN': '发送' },
  'chat.empty': {
    en: 'Nothing was written yet. Messages are seen by those who are here now, and are not kept.',
    'zh-CN': '还没有消息。只有当前在场的成员可以看到，消息不会保存。',
  },
  'chat.failed': { en: 'Not sent. Try again.', 'zh-CN': '发送失败，请重试。' },
  'chat.forbidden': { en: 'You may read here, not write.', 'zh-CN': '您只能阅读，不能发送消息。' },
  'chat.api': { en: 'System', 'zh-CN': '系统' },

  'people.count': { en: '{n} {n|person|people}', 'zh-CN': '{n} 人' },
  'people.waiting': { en: 'Waiting to come in', 'zh-CN': '等候进入' },
  'people.admit': { en: 'Let in', 'zh-CN': '准许' },
  'people.deny': { en: 'Refuse', 'zh-CN': '拒绝' },
  'people.muteAll': { en: 'Mute everybody', 'zh-CN': '全体静音' },
  'people.lock': { en: 'Lock the room', 'zh-CN': '锁定房间' },
  'people.locked': { en: 'Locked', 'zh-CN': '已锁定' },
  'people.lobby': { en: 'Lobby', 'zh-CN': '等候室' },
  'people.mute': { en: 'Mute', 'zh-CN': '静音' },
  'people.unmute': { en: 'Allow to speak', 'zh-CN': '允许发言' },
  'people.stopCamera': { en: 'Switch camera off', 'zh-CN': '关闭其摄像头' },
  'people.kick': { en: 'Remove', 'zh-CN': '移出' },
  'people.kick.sure': { en: 'Remove {name}?', 'zh-CN': '移出 {name}？' },
  'people.actions': { en: 'Actions for {name}', 'zh-CN': '对 {name} 的操作' },
  'people.makeHost': { en: 'Make a moderator', 'zh-CN': '设为主持人' },
  'people.makeMember': { en: 'Make a member', 'zh-CN': '设为普通成员' },
  'role.host': { en: 'moderator', 'zh-CN': '主持人' },
  'role.member': { en: 'member', 'zh-CN': '成员' },
  'role.viewer': { en: 'viewer', 'zh-CN': '观众' },
  away: { en: 'connection lost', 'zh-CN': '连接中断' },

  'notice.reconnecting': {
    en: 'The connection is lost. Trying again; sound and picture may go on meanwhile.',
    'zh-CN': '连接已中断，正在重试。声音和画面可能仍在继续。',
  },
  'notice.media': {
    en: 'Sound and picture are being built up again.',
    'zh-CN': '正在恢复声音和画面。',
  },
  'notice.moving': { en: 'You are being moved to another room.', 'zh-CN': '正在将您移至另一个房间。' },
  'notice.back': { en: 'Connected again.', 'zh-CN': '已重新连接。' },
  'notice.mutedBy': { en: '{by} has muted you.', 'zh-CN': '{by} 已将您静音。' },
  'notice.unmutedBy': { en: '{by} lets you speak again.', 'zh-CN': '{by} 已允许您发言。' },
  'notice.waiting': { en: '{n} {n|person waits|people wait} to come in.', 'zh-CN': '{n} 人等候进入。' },
  'notice.recording': { en: 'Recording', 'zh-CN': '录制中' },
  'notice.mutedByModerator': {
    en: 'A moderator has muted you. Ask to be allowed to speak.',
    'zh-CN': '主持人已将您静音。请申请发言。',
  },
  'notice.noRight': { en: 'You have no right to publish this here.', 'zh-CN': '您没有发布此内容的权限。' },
  'notice.failed': { en: 'That did not work: {reason}', 'zh-CN': '操作失败：{reason}' },

  'stats.none': {
    en: 'Nothing is sent or received at the moment.',
    'zh-CN': '目前没有发送或接收任何媒体。',
  },
  'stats.track': { en: 'Track', 'zh-CN': '媒体轨' },
  'stats.picture': { en: 'Picture', 'zh-CN': '画面' },
  'stats.rate': { en: 'Bitrate', 'zh-CN': '码率' },
  'stats.loss': { en: 'Loss', 'zh-CN': '丢包' },
  'stats.jitter': { en: 'Jitter', 'zh-CN': '抖动' },
  'stats.rtt': { en: 'Round trip', 'zh-CN': '往返' },
  'stats.layer': { en: 'Layer', 'zh-CN': '层' },
  'stats.sent': { en: 'sent', 'zh-CN': '发送' },

  'settings.language': { en: 'Language', 'zh-CN': '语言' },
  'settings.scheme': { en: 'Appearance', 'zh-CN': '外观' },
  'scheme.auto': { en: 'As the system', 'zh-CN': '跟随系统' },
  'scheme.light': { en: 'Light', 'zh-CN': '浅色' },
  'scheme.dark': { en: 'Dark', 'zh-CN': '深色' },
  'settings.keys': { en: 'Keys', 'zh-CN': '快捷键' },
} as const satisfies Record<string, Text>;

export type TextKey = keyof typeof texts;
export type Params = Readonly<Record<string, string | number>>;
export type Say = (key: TextKey, params?: Params) => string;

const placeholder = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;

export function sayIn(language: PageLanguage): Say {
  return (key, params = {}) =>
    texts[key][language].replace(placeholder, (whole, name: string, one?: string, other?: string) => {
      const value = params[name];
      if (value === undefined) return whole;
      return one === undefined || other === undefined ? String(value) : Number(value) === 1 ? one : other;
    });
}

export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(texts, key);
}

interface Words {
  readonly language: PageLanguage;
  readonly say: Say;
}

export const WordsContext = createContext<Words>({ language: 'en', say: sayIn('en') });

export function useWords(): Words {
  return useContext(WordsContext);
}
