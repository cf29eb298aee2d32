import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { PictureTime, pictureFormats, THUMBNAIL_TASK, ThumbnailParameters } from '../pictures.ts';
import { data, filmIn, nearTo, sourceOf } from './ports.ts';

const MiB = 1024 * 1024;

export const ThumbnailStep = z.object({
  at: z
    .array(PictureTime)
    .min(1)
    .max(50)
    .default(['10%'])
    .meta(
      fieldWords('At', '时间点', {
        order: 1,
        hint: {
          en: 'A share of the film (10%), or a time (90, 1:30, 0:01:30).',
          'zh-CN': '视频的比例（10%）或时间（90、1:30、0:01:30）。',
        },
      }),
    ),
  width: z
    .number()
    .int()
    .min(16)
    .max(3_840)
    .default(640)
    .meta(fieldWords('Width', '宽度', { order: 2 })),
  format: z
    .enum(pictureFormats)
    .default('jpeg')
    .meta(fieldWords('Format', '格式', { order: 3 })),
  avoidBlack: z
    .boolean()
    .default(true)
    .meta(fieldWords('Avoid black pictures', '避开黑屏', { order: 4 })),
}) satisfies z.ZodType<ThumbnailParameters>;

/** Pictures of a film. They are small: they go to the store, so that pages show them at once. */
export const thumbnailStep: StepKind<ThumbnailParameters> = {
  kind: 'transcodes.thumbnail',
  title: { en: 'Thumbnails', 'zh-CN': '缩略图' },
  summary: {
    en: 'Takes pictures of a film at given times, not the black it begins with.',
    'zh-CN': '在指定时间点截取画面，避开片头黑屏。',
  },
  icon: 'photo',
  parameters: ThumbnailStep,
  inputs: { film: { type: 'file' } },
  outputs: { thumbnail: { type: 'file' }, thumbnails: { type: 'files' }, facts: { type: 'data' } },
  draft(input) {
    const film = filmIn(input);
    const parameters = ThumbnailParameters.parse(input.parameters);
    return {
      kind: THUMBNAIL_TASK,
      parameters,
      inputs: [sourceOf(film)],
      constraints: nearTo(film),
      resources: { cpu: 1, memory: 512 * MiB, disk: 64 * MiB },
      retry: { maxAttempts: 2, backoffMs: 1_000, maxBackoffMs: 30_000 },
      limits: { wallMs: 10 * 60_000 + parameters.at.length * 60_000, stopGraceMs: 1_000 },
    };
  },
  outcome(_input, { result, outputs }) {
    const files = outputs.filter(({ kind }) => kind === 'thumbnail');
    const [first] = files;
    return {
      ports: {
        ...(first ? { thumbnail: { type: 'file', file: first } } : {}),
        thumbnails: { type: 'files', files },
        facts: data(result),
      },
    };
  },
};
