import { fieldWords, holdWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { encodeDraft } from '../encode-draft.ts';
import { transcodeErrors } from '../errors.ts';
import { TranscodeSettings } from '../settings.ts';
import { names, subtitleEndings } from '../tasks.ts';
import { data, fileIn, filmIn, filmOut, nearTo, sourceOf } from './ports.ts';

export const TranscodeStep = z.object({
  settings: TranscodeSettings.prefault({}).meta(fieldWords('Settings', '设置', { order: 1 })),
  hold: z.boolean().default(true).meta(holdWords),
});
type TranscodeStep = z.infer<typeof TranscodeStep>;

/** A film becomes another one, in one of the six modes; what comes out is compared with what went in. */
export const transcodeStep: StepKind<TranscodeStep> = {
  kind: 'transcodes.transcode',
  title: { en: 'Transcode', 'zh-CN': '转码' },
  summary: {
    en: 'Makes another film, compares pictures, size and sound with the source, and proves the mode where the encoder tells it.',
    'zh-CN': '生成新的视频，与源文件比对画面数、尺寸和声音，并在编码器留有参数时验证码率模式。',
  },
  icon: 'movie',
  parameters: TranscodeStep,
  inputs: { film: { type: 'file' }, subtitles: { type: 'file', required: false } },
  outputs: { film: { type: 'file' }, facts: { type: 'data' } },
  clash({ settings }, wired) {
    return settings.rate.mode === 'copy' && wired.has('subtitles')
      ? { path: ['settings', 'rate', 'mode'], problem: transcodeErrors.transcode_subtitles_copy.message }
      : undefined;
  },
  draft(input) {
    const film = filmIn(input);
    const { settings, hold } = input.parameters;
    const subtitles = fileIn(input, 'subtitles');
    // Without them it would be another film than was asked for. A mode that a template has filled in is known only now.
    if (subtitles && settings.rate.mode === 'copy')
      throw new Error(transcodeErrors.transcode_subtitles_copy.message.en);
    const draft = encodeDraft(
      {
        source: sourceOf(film),
        subtitles: subtitles
          ? { name: subtitlesName(subtitles.name), digest: subtitles.digest, size: subtitles.size }
          : null,
        settings,
      },
      hold,
    );
    const { prefer } = nearTo(film);
    return { ...draft, constraints: { ...draft.constraints, ...(prefer ? { prefer } : {}) } };
  },
  outcome: (_input, { result, outputs }) => ({ ports: { ...filmOut(outputs), facts: data(result) } }),
};

/** The filter tells the kind by the ending; the rest of the name is ours. Text that is none of them is tried as .srt. */
function subtitlesName(name: string): string {
  const ending = subtitleEndings.find((candidate) => name.toLowerCase().endsWith(`.${candidate}`)) ?? 'srt';
  return `${names.subtitles}.${ending}`;
}
