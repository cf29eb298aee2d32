import type { PhraseTable } from '@backlot/contract';

/** Sentences of recordings that come from nodes. */
export const recordingNodePhrases = {
  'recordings.shard_lost': {
    en: 'The recorder process of this channel ended ({how}). What it had recorded is kept; the channel is started again.',
    'zh-CN': '该频道的录制进程已结束（{how}）。已录制的内容均已保留，频道会重新启动。',
  },
  'recordings.join_no_media': {
    en: 'None of the {count} segments holds a frame. Look at the channel’s source.',
    'zh-CN': '{count} 个片段中没有任何画面或声音。请检查频道的源。',
  },
  'recordings.join_failed': {
    en: 'The segments could not be joined: {detail}.',
    'zh-CN': '无法合并片段：{detail}。',
  },
  'recordings.join_wrong': {
    en: 'The joined film is not what its segments hold: {detail}. The segments are kept.',
    'zh-CN': '合并后的视频与片段内容不符：{detail}。片段均已保留。',
  },
  'recordings.join_slow': {
    en: 'The joined film could not be read back in {seconds} s. Look at the node’s disk; the segments are kept.',
    'zh-CN': '在 {seconds} 秒内未能读回合并后的视频。请检查该节点的磁盘；片段均已保留。',
  },
  'recordings.join_tool': {
    en: 'Joining needs ffmpeg and ffprobe, and this node has not proved both.',
    'zh-CN': '合并需要 ffmpeg 和 ffprobe，而该节点未能证明两者可用。',
  },
} satisfies PhraseTable;
