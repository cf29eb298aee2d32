import { fieldWords, holdWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { diskFor } from '../encode-draft.ts';
import { REMUX_TASK, RemuxParameters } from '../remux.ts';
import { containers } from '../settings.ts';
import { data, filmIn, filmOut, nearTo, sourceOf } from './ports.ts';

const MiB = 1024 * 1024;

export const RemuxStep = z.object({
  container: z
    .enum(containers)
    .default('mp4')
    .meta(fieldWords('Container', '封装格式', { order: 1 })),
  hold: z.boolean().default(true).meta(holdWords),
}) satisfies z.ZodType<RemuxParameters>;

/** The packets of a film in another container: every one of them, counted. */
export const remuxStep: StepKind<RemuxParameters> = {
  kind: 'transcodes.remux',
  title: { en: 'Remux', 'zh-CN': '转封装' },
  summary: {
    en: 'Copies picture and sound into MP4 or MKV without encoding; every packet is compared by its SHA-256.',
    'zh-CN': '不重新编码，将音视频复制到 MP4 或 MKV，并逐包比对 SHA-256。',
  },
  icon: 'package',
  parameters: RemuxStep,
  inputs: { film: { type: 'file' } },
  outputs: { film: { type: 'file' }, facts: { type: 'data' } },
  carries: { film: 'film' },
  draft(input) {
    const film = filmIn(input);
    return {
      kind: REMUX_TASK,
      parameters: RemuxParameters.parse(input.parameters),
      inputs: [sourceOf(film)],
      constraints: nearTo(film),
      resources: { cpu: 1, memory: 256 * MiB, disk: diskFor(film.size) },
      retry: { maxAttempts: 3, backoffMs: 1_000, maxBackoffMs: 30_000 },
      limits: { silenceMs: 10 * 60_000, stopGraceMs: 5_000 },
    };
  },
  outcome: (_input, { result, outputs }) => ({ ports: { ...filmOut(outputs), facts: data(result) } }),
};
