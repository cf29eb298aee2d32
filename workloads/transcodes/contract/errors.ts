import { defineErrors } from '@backlot/contract';

/** Errors that end a request to this workload's routes. */
export const transcodeErrors = defineErrors({
  transcode_other_project: {
    status: 422,
    retryable: false,
    message: {
      en: '{name} belongs to another project. Upload it to this one, or transcode it there.',
      'zh-CN': '{name} 属于另一个项目。请上传到当前项目，或在原项目中转码。',
    },
  },
  transcode_subtitles_unknown: {
    status: 422,
    retryable: false,
    message: {
      en: '{name} is none of the kinds of subtitles that can be burnt in. Use .ass, .srt or .vtt.',
      'zh-CN': '{name} 不是可烧录的字幕格式。请使用 .ass、.srt 或 .vtt。',
    },
  },
  transcode_subtitles_copy: {
    status: 422,
    retryable: false,
    message: {
      en: 'Subtitles are burnt into the picture, which copy leaves as it is. Choose another mode, or leave them out.',
      'zh-CN': '字幕需要烧录到画面中，而 copy 模式不改变画面。请选择其他模式，或去掉字幕。',
    },
  },
});
