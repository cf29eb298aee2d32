import type { PhraseTable } from '@backlot/contract';

/** Sentences about what can go wrong on a node. */
export const roomNodePhrases = {
  'rooms.host_lost': {
    en: 'The media process of this node ended ({how}). The room is given another place.',
    'zh-CN': '此节点的媒体进程已结束（{how}）。房间将被重新安置。',
  },
  'rooms.recorder_lost': {
    en: 'The recording process ended ({how}). It is started again and continues with the next part.',
    'zh-CN': '录制进程已结束（{how}）。将重新启动并从下一部分继续。',
  },
  'rooms.recording_damaged': {
    en: 'The recorded file {name} can’t be read: {reason}. The other tracks are kept.',
    'zh-CN': '录制文件 {name} 无法读取：{reason}。其他轨道已保留。',
  },
} as const satisfies PhraseTable;
