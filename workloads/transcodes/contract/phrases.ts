import {
  type Failure,
  type FailureClass,
  type PhraseParams,
  type PhraseTable,
  reason,
} from '@backlot/contract';

/** Why a film is not made, in sentences that say what to do. Names in braces are data: shown, never interpreted. */
export const transcodePhrases = {
  'transcodes.unreadable': {
    en: 'The source can’t be read as a film: {detail}. Check that it is whole and that it is a video.',
    'zh-CN': '无法将源文件作为视频读取：{detail}。请确认文件完整且为视频。',
  },
  'transcodes.no_picture': {
    en: 'The source has no picture. Only films can be transcoded.',
    'zh-CN': '源文件没有画面。只能转码视频。',
  },
  'transcodes.container': {
    en: 'The container {container} can’t hold what the source has: {detail}. Choose mkv, or a mode that encodes.',
    'zh-CN': '容器 {container} 无法容纳源文件的内容：{detail}。请选择 mkv 或重新编码的模式。',
  },
  'transcodes.capability': {
    en: 'This node can’t do it: it has no {needs}.',
    'zh-CN': '该节点无法执行：缺少 {needs}。',
  },
  'transcodes.hardware': {
    en: 'The hardware encoder {encoder} failed: {detail}. The next attempt encodes in software.',
    'zh-CN': '硬件编码器 {encoder} 失败：{detail}。下一次将使用软件编码。',
  },
  'transcodes.ffmpeg_failed': {
    en: 'ffmpeg ended with a fault: {detail}. Its log says more.',
    'zh-CN': 'ffmpeg 异常结束：{detail}。详情见日志。',
  },
  'transcodes.killed': {
    en: 'ffmpeg was killed from outside. Nothing is wrong with the film; it is made again.',
    'zh-CN': 'ffmpeg 被外部终止。视频本身没有问题，将重新处理。',
  },
  'transcodes.memory': {
    en: 'There was not enough memory ({limit} MiB) for this film.',
    'zh-CN': '内存不足（{limit} MiB），无法处理该视频。',
  },
  'transcodes.stalled': {
    en: 'Nothing happened for {seconds} {seconds|second|seconds}, and it was ended.',
    'zh-CN': '{seconds} 秒内没有任何进展，已被结束。',
  },
  'transcodes.disk_full': {
    en: 'The disk of the node is full. Free some space there; the film is made elsewhere meanwhile.',
    'zh-CN': '节点磁盘已满。请清理空间，同时会在其他节点上处理。',
  },
  'transcodes.wrong_output': {
    en: 'The film that came out is not the film that went in: {detail}. It was thrown away.',
    'zh-CN': '输出与源文件不一致：{detail}。输出已丢弃。',
  },
  'transcodes.not_as_wanted': {
    en: 'The film is not as it must be: {detail}. Look at the recording, or change what the step asks for.',
    'zh-CN': '视频不符合要求：{detail}。请检查视频，或修改该步骤的条件。',
  },
  'transcodes.no_pictures': {
    en: 'No picture could be taken: {detail}. Choose other times, or check the film.',
    'zh-CN': '无法截取画面：{detail}。请选择其他时间点，或检查视频。',
  },
} as const satisfies PhraseTable;
export type TranscodePhrase = keyof typeof transcodePhrases;

/** A typed failure of an attempt. `cause` tells apart what has the same code. */
export function transcodeFailure(
  failureClass: FailureClass,
  code: TranscodePhrase,
  params: PhraseParams = {},
  more: Pick<Failure, 'excerpt' | 'peakMemory'> & { readonly cause?: string } = {},
): Failure {
  const { cause, ...rest } = more;
  return {
    class: failureClass,
    reason: reason(transcodePhrases, code, params),
    signature: [failureClass, code, ...(cause === undefined ? [] : [cause])].join(':').slice(0, 300),
    ...rest,
  };
}
