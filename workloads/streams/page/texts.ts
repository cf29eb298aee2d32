import { createContext, useContext } from 'react';
import type { PageLanguage } from './model/link.ts';

type Text = Readonly<Record<PageLanguage, string>>;

/** All words of the player page. `{name}` is filled in; `{n|one|other}` chooses by the number n. */
export const texts = {
  connecting: { en: 'Connecting', 'zh-CN': '正在连接' },
  'connecting.text': { en: 'Reaching the server.', 'zh-CN': '正在连接服务器。' },
  queued: { en: 'Place {position} in the queue', 'zh-CN': '排队第 {position} 位' },
  'queued.next': { en: 'You are next', 'zh-CN': '下一个就是您' },
  'queued.text': {
    en: 'All machines are in use. Keep this page open: it starts by itself.',
    'zh-CN': '所有机器均在使用中。请保持此页面打开，轮到时会自动开始。',
  },
  'queued.waited': { en: 'Waited', 'zh-CN': '已等待' },
  'queued.estimate': { en: 'Still to wait', 'zh-CN': '预计还需' },
  'queued.unknown': { en: 'not known yet', 'zh-CN': '暂无法预估' },
  starting: { en: 'Starting the application', 'zh-CN': '正在启动应用' },
  'step.placing': { en: 'Finding a machine', 'zh-CN': '分配机器' },
  'step.starting': { en: 'Starting', 'zh-CN': '启动应用' },
  'step.connecting': { en: 'Connecting', 'zh-CN': '应用接入' },
  'step.picture': { en: 'Picture', 'zh-CN': '画面' },
  'starting.elapsed': { en: '{time} so far', 'zh-CN': '已用 {time}' },
  click: { en: 'Ready', 'zh-CN': '已就绪' },
  'click.text': { en: 'Your browser plays it after a click.', 'zh-CN': '浏览器需要点击后才能播放。' },
  'click.do': { en: 'Play', 'zh-CN': '播放' },
  reconnecting: { en: 'Reconnecting', 'zh-CN': '正在重新连接' },
  'reconnecting.text': {
    en: 'The connection broke. Your session is kept meanwhile. Try {attempt}.',
    'zh-CN': '连接已中断，会话仍为您保留。第 {attempt} 次尝试。',
  },
  'reconnecting.over': { en: 'Reconnecting, try {attempt}', 'zh-CN': '正在重新连接，第 {attempt} 次' },
  'refused.again': { en: 'Tries again by itself.', 'zh-CN': '将自动重试。' },

  'warning.idle': { en: 'Still there?', 'zh-CN': '您还在吗？' },
  'warning.idle.text': { en: 'Without a sign of you the session ends in', 'zh-CN': '无操作将自动结束，剩余' },
  'warning.limit': { en: 'Time is nearly up', 'zh-CN': '时间即将用完' },
  'warning.limit.text': { en: 'The longest time for a session ends in', 'zh-CN': '会话最长时限剩余' },
  'warning.stay': { en: 'Stay', 'zh-CN': '继续使用' },

  'end.left': { en: 'You have left', 'zh-CN': '您已离开' },
  'end.left.text': { en: 'The application is free for the next one.', 'zh-CN': '应用已释放。' },
  'end.idle': { en: 'Ended for lack of activity', 'zh-CN': '因长时间无操作已结束' },
  'end.idle.text': {
    en: 'Nothing was done for a while. Start anew to go on.',
    'zh-CN': '长时间没有操作。重新开始即可继续。',
  },
  'end.limit': { en: 'Time is up', 'zh-CN': '已达最长时限' },
  'end.limit.text': { en: 'The longest time for a session has passed.', 'zh-CN': '会话已达到最长时限。' },
  'end.kicked': { en: 'Ended by an operator', 'zh-CN': '已被管理人员结束' },
  'end.kicked.text': {
    en: 'Somebody who looks after this application has ended the session.',
    'zh-CN': '管理人员结束了此会话。',
  },
  'end.disconnected': { en: 'The connection was lost', 'zh-CN': '连接已断开' },
  'end.disconnected.text': {
    en: 'It did not come back in time. Start anew.',
    'zh-CN': '未能及时恢复。请重新开始。',
  },
  'end.queue': { en: 'No machine became free', 'zh-CN': '没有可用的机器' },
  'end.queue.text': { en: 'The wait took too long. Try again later.', 'zh-CN': '等待超时。请稍后再试。' },
  'end.crashed': { en: 'The application has crashed', 'zh-CN': '应用已崩溃' },
  'end.crashed.text': { en: 'It ended unexpectedly. Start it anew.', 'zh-CN': '应用意外终止。请重新启动。' },
  'end.closed': { en: 'The application was closed', 'zh-CN': '应用已关闭' },
  'end.closed.text': {
    en: 'It ended by itself. Start it anew if you like.',
    'zh-CN': '应用已自行退出。可以重新启动。',
  },
  'end.no-picture': { en: 'No picture', 'zh-CN': '没有画面' },
  'end.no-picture.text': {
    en: 'The application runs but shows nothing. Try again; if it stays so, tell whoever gave you the link.',
    'zh-CN': '应用已运行但没有画面。请重试；若问题依旧，请告知链接提供者。',
  },
  'end.unavailable': { en: 'It can’t be started', 'zh-CN': '无法启动' },
  'end.unavailable.text': {
    en: 'The application failed to start. Tell whoever gave you the link.',
    'zh-CN': '应用启动失败。请告知链接提供者。',
  },
  'end.disabled': { en: 'Switched off', 'zh-CN': '已停用' },
  'end.disabled.text': { en: 'The application is not offered at the moment.', 'zh-CN': '该应用目前未开放。' },
  'end.node-lost': { en: 'The machine is gone', 'zh-CN': '机器已失联' },
  'end.node-lost.text': {
    en: 'Start anew: another machine takes over.',
    'zh-CN': '请重新开始，将使用其他机器。',
  },
  'end.ended': { en: 'The session is over', 'zh-CN': '会话已结束' },
  'end.ended.text': { en: 'Start anew if you like.', 'zh-CN': '可以重新开始。' },
  'end.media': { en: 'The picture can’t get through', 'zh-CN': '画面无法传输' },
  'end.media.text': {
    en: 'This network lets no video through. Try another network, or ask for a relay (TURN) to be set up.',
    'zh-CN': '当前网络不允许视频传输。请更换网络，或请管理员配置中继（TURN）。',
  },
  'end.unreachable': { en: 'The server can’t be reached', 'zh-CN': '无法连接服务器' },
  'end.unreachable.text': { en: 'Check your network, then try again.', 'zh-CN': '请检查网络后重试。' },
  'end.refused': { en: 'The server has ended it', 'zh-CN': '已被服务器终止' },
  'end.refused.text': {
    en: 'This connection was not let go on. Start anew.',
    'zh-CN': '此连接未被允许继续。请重新开始。',
  },
  'end.error': { en: 'Something went wrong', 'zh-CN': '出现故障' },
  'end.error.text': { en: 'The fault is on our side. Try again.', 'zh-CN': '问题出在服务端。请重试。' },
  'end.again': { en: 'Start anew', 'zh-CN': '重新开始' },

  'code.app_unknown': { en: 'There is no such application', 'zh-CN': '没有此应用' },
  'code.app_unknown.text': {
    en: 'Check the link: its last part is the name of the application.',
    'zh-CN': '请检查链接，末尾为应用名称。',
  },
  'code.app_disabled': { en: 'Switched off', 'zh-CN': '已停用' },
  'code.app_disabled.text': {
    en: 'The application is not offered at the moment. Come back later.',
    'zh-CN': '该应用目前未开放。请稍后再来。',
  },
  'code.app_crash_loop': { en: 'It can’t be started', 'zh-CN': '无法启动' },
  'code.app_crash_loop.text': {
    en: 'The application has failed several times in a row. Tell whoever gave you the link.',
    'zh-CN': '应用已连续多次失败。请告知链接提供者。',
  },
  'code.app_without_version': { en: 'Not ready yet', 'zh-CN': '尚未就绪' },
  'code.app_without_version.text': {
    en: 'Nothing has been set up to run here yet.',
    'zh-CN': '此应用尚未配置可运行的版本。',
  },
  'code.ticket_required': { en: 'A ticket is needed', 'zh-CN': '需要票据' },
  'code.ticket_required.text': {
    en: 'This application is opened by a personal link. Ask whoever offers it for one.',
    'zh-CN': '此应用需通过专属链接打开。请向提供者索取。',
  },
  'code.ticket_invalid': { en: 'The link does not fit', 'zh-CN': '链接无效' },
  'code.ticket_invalid.text': {
    en: 'Its ticket is not valid here. Ask for a new link.',
    'zh-CN': '票据在此无效。请获取新的链接。',
  },
  'code.ticket_expired': { en: 'The link has expired', 'zh-CN': '链接已过期' },
  'code.ticket_expired.text': { en: 'Ask for a new one.', 'zh-CN': '请获取新的链接。' },
  'code.ticket_used': { en: 'The link has been used', 'zh-CN': '链接已被使用' },
  'code.ticket_used.text': {
    en: 'It was good for one session. Ask for a new one.',
    'zh-CN': '该链接仅可使用一次。请获取新的链接。',
  },
  'code.ticket_foreign': { en: 'The link does not fit', 'zh-CN': '链接不适用' },
  'code.ticket_foreign.text': {
    en: 'Its ticket is for something else. Ask for a new link.',
    'zh-CN': '票据用于其他应用。请获取新的链接。',
  },
  'code.session_over': { en: 'The session is over', 'zh-CN': '会话已结束' },
  'code.session_over.text': { en: 'Start anew for another one.', 'zh-CN': '可以重新开始。' },
  'code.session_full': { en: 'No seat is free', 'zh-CN': '席位已满' },
  'code.session_full.text': {
    en: 'As many people as may watch are watching already.',
    'zh-CN': '观看人数已达上限。',
  },
  'code.queue_full': { en: 'Too many people are waiting', 'zh-CN': '排队人数过多' },
  'code.queue_full.text': { en: 'Try again in a few minutes.', 'zh-CN': '请几分钟后再试。' },
  'code.socket_replaced': { en: 'Opened elsewhere', 'zh-CN': '已在别处打开' },
  'code.socket_replaced.text': {
    en: 'This session goes on in another window.',
    'zh-CN': '此会话已在另一个窗口中继续。',
  },
  'code.control_not_yours': {
    en: 'Only the one in control can do this.',
    'zh-CN': '仅控制者可以执行此操作。',
  },
  'code.control_not_allowed': {
    en: 'Your link is for watching. Whoever is in control can give it to you.',
    'zh-CN': '您的链接仅限观看。控制者可以将控制权交给您。',
  },
  'code.control_away': {
    en: 'Whoever is in control is away for a moment. Ask again soon.',
    'zh-CN': '控制者暂时离开，请稍后再次申请。',
  },

  controls: { en: 'Controls', 'zh-CN': '控制栏' },
  'controls.open': { en: 'Open the controls (Ctrl+Alt+C)', 'zh-CN': '打开控制栏（Ctrl+Alt+C）' },
  'controls.close': { en: 'Close the controls', 'zh-CN': '收起控制栏' },
  picture: {
    en: 'Picture of {title}. Keys go to the application; Ctrl+Alt+C opens the controls.',
    'zh-CN': '{title} 的画面。按键将发送给应用；按 Ctrl+Alt+C 打开控制栏。',
  },
  'sound.on': { en: 'Sound on', 'zh-CN': '打开声音' },
  'sound.off': { en: 'Sound off', 'zh-CN': '静音' },
  'sound.blocked': { en: 'Sound is off. Click for sound', 'zh-CN': '声音已关闭，点击开启' },
  'stats.show': { en: 'Statistics', 'zh-CN': '统计信息' },
  fullscreen: { en: 'Full screen', 'zh-CN': '全屏' },
  'fullscreen.leave': { en: 'Leave full screen', 'zh-CN': '退出全屏' },
  'finger.mouse': { en: 'Finger acts as mouse', 'zh-CN': '手指模拟鼠标' },
  'finger.touch': { en: 'Finger acts as finger', 'zh-CN': '手指触控' },
  language: { en: '切换到中文', 'zh-CN': 'Switch to English' },
  leave: { en: 'End', 'zh-CN': '结束' },
  'leave.sure': { en: 'End the session?', 'zh-CN': '结束会话？' },
  'leave.yes': { en: 'End it', 'zh-CN': '结束' },
  'leave.no': { en: 'Go on', 'zh-CN': '继续' },
  'role.controller': { en: 'In control', 'zh-CN': '控制中' },
  'role.viewer': { en: 'Watching', 'zh-CN': '观看中' },
  'role.viewers': { en: '{count} {count|person watches|people watch}', 'zh-CN': '{count} 人观看' },
  'control.ask': { en: 'Ask for control', 'zh-CN': '申请控制' },
  'control.asked': { en: 'Asked for control', 'zh-CN': '已申请控制' },
  'control.wanted': { en: '{name} asks for control', 'zh-CN': '{name} 申请控制' },
  'control.somebody': { en: 'Somebody who watches', 'zh-CN': '一位观看者' },
  'control.give': { en: 'Give', 'zh-CN': '移交' },
  'control.keep': { en: 'Keep', 'zh-CN': '保留' },
  'text.title': { en: 'The application asks for text', 'zh-CN': '应用请求输入文字' },
  'text.send': { en: 'Send', 'zh-CN': '发送' },
  close: { en: 'Close', 'zh-CN': '关闭' },

  'stat.bitrate': { en: 'Bitrate', 'zh-CN': '码率' },
  'stat.fps': { en: 'Frames', 'zh-CN': '帧率' },
  'stat.rtt': { en: 'Round trip', 'zh-CN': '往返延迟' },
  'stat.loss': { en: 'Loss', 'zh-CN': '丢包' },
  'stat.jitter': { en: 'Jitter', 'zh-CN': '抖动' },
  'stat.size': { en: 'Picture', 'zh-CN': '画面' },
  'stat.dropped': { en: 'Frames dropped', 'zh-CN': '丢弃帧' },
  'stat.path': { en: 'Path', 'zh-CN': '路径' },
  'stat.direct': { en: 'direct', 'zh-CN': '直连' },
  'stat.relayed': { en: 'relayed (TURN)', 'zh-CN': '中继（TURN）' },
  'stat.session': { en: 'Session', 'zh-CN': '会话' },
} as const satisfies Readonly<Record<string, Text>>;

export type TextKey = keyof typeof texts;
export type Say = (key: TextKey, params?: Readonly<Record<string, string | number>>) => string;

/** Whether there are words for something that a server of another version may have sent. */
export function isTextKey(key: string): key is TextKey {
  return Object.hasOwn(texts, key);
}

export function sayIn(language: PageLanguage): Say {
  return (key, params = {}) =>
    texts[key][language].replace(
      /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g,
      (whole, name: string, one?: string, other?: string) => {
        const value = params[name];
        if (value === undefined) return whole;
        if (one === undefined || other === undefined) return String(value);
        return Number(value) === 1 ? one : other;
      },
    );
}

export interface Words {
  readonly language: PageLanguage;
  readonly setLanguage: (language: PageLanguage) => void;
  readonly say: Say;
}

export const WordsContext = createContext<Words>({
  language: 'en',
  setLanguage: () => undefined,
  say: sayIn('en'),
});

export const useWords = (): Words => useContext(WordsContext);

/** `0:42`, `12:05`, `1:02:03`: for clocks that tick. */
export function clockText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const two = (value: number) => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
