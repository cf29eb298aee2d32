import type { PhraseTable } from '@backlot/contract';
import { roomNodePhrases } from './node-phrases.ts';

/** Why a room waits or ends, in sentences that say what to do; and what people in it are told when their place ends. */
export const roomPhrases = {
  ...roomNodePhrases,
  'rooms.recording_broken_off': {
    en: 'The recording was broken off. What had been written until then is kept.',
    'zh-CN': '录制已中断。此前写入的内容已保留。',
  },
  'rooms.ended.left': { en: 'You have left the room.', 'zh-CN': '您已离开房间。' },
  'rooms.ended.kicked': {
    en: '{by} has removed you from the room.',
    'zh-CN': '{by} 已将您移出房间。',
  },
  'rooms.ended.kicked_because': {
    en: '{by} has removed you from the room: {reason}',
    'zh-CN': '{by} 已将您移出房间：{reason}',
  },
  'rooms.ended.denied': {
    en: 'You were not let into the room.',
    'zh-CN': '主持人未允许您进入房间。',
  },
  'rooms.ended.replaced': {
    en: 'You have joined from somewhere else, and this connection has ended.',
    'zh-CN': '您已在其他地方加入，此连接已断开。',
  },
  'rooms.ended.room_closed': { en: 'The room is closed.', 'zh-CN': '房间已关闭。' },
  'rooms.ended.moved': {
    en: 'You are moved to the room {room}.',
    'zh-CN': '您将被转移到房间 {room}。',
  },
  'rooms.ended.revoked': {
    en: 'Your right to be in this room was taken back. Ask a moderator for a new token.',
    'zh-CN': '您在此房间的权限已被撤销。请向主持人申请新的令牌。',
  },
  'rooms.ended.timed_out': {
    en: 'The connection was away for too long. Join again.',
    'zh-CN': '连接中断时间过长。请重新加入。',
  },
  'rooms.ended.not_joined': {
    en: 'You were connected for a while without joining the room. Join again.',
    'zh-CN': '您已连接，但长时间未加入房间。请重新加入。',
  },
  'rooms.ended.refused': {
    en: 'The connection was ended because too much was sent, or what was sent was not read. Join again.',
    'zh-CN': '由于发送过多或未读取消息，连接已断开。请重新加入。',
  },
} as const satisfies PhraseTable;
