import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { CHECK_TASK, type CheckParameters } from '../check.ts';
import { data, filmIn, nearTo, sourceOf } from './ports.ts';

const MiB = 1024 * 1024;
/** Reading every packet of a day of film takes minutes. */
const wallMs = 60 * 60_000;

const ms = z.number().int().nonnegative();

export const ProbeStep = z.object({
  leastDurationMs: ms
    .optional()
    .meta(fieldWords('At least this long', '最短时长', { pick: 'duration', order: 1 })),
  mostDurationMs: ms
    .positive()
    .optional()
    .meta(fieldWords('At most this long', '最长时长', { pick: 'duration', order: 2 })),
  video: z
    .boolean()
    .default(true)
    .meta(fieldWords('Must have a picture', '必须有画面', { order: 3 })),
  audio: z
    .boolean()
    .default(false)
    .meta(fieldWords('Must have sound', '必须有声音', { order: 4 })),
  largestGapMs: ms.optional().meta(fieldWords('Largest hole', '最大间断', { pick: 'duration', order: 5 })),
  codecs: z
    .array(z.string().min(1).max(40))
    .max(20)
    .optional()
    .meta(
      fieldWords('Codecs of the picture', '视频编码', {
        advanced: true,
        hint: { en: 'ffmpeg’s names: h264, hevc, av1.', 'zh-CN': 'ffmpeg 的名称：h264、hevc、av1。' },
      }),
    ),
  whenWrong: z
    .enum(['fail', 'tell'])
    .default('fail')
    .meta(
      fieldWords('When it is not so', '不符合时', {
        order: 6,
        options: {
          fail: { en: 'the step fails', 'zh-CN': '该步骤失败' },
          tell: { en: 'only say so in the data', 'zh-CN': '仅在数据中说明' },
        },
      }),
    ),
});
type ProbeStep = z.infer<typeof ProbeStep>;

/** Counts a film and holds it against what it must be. */
export const probeStep: StepKind<ProbeStep> = {
  kind: 'transcodes.probe',
  title: { en: 'Check a film', 'zh-CN': '检查视频' },
  summary: {
    en: 'Counts every packet, finds holes, and passes or fails by length, tracks and holes. It believes no header.',
    'zh-CN': '逐包计数、查找间断，按时长、轨道与间断判定是否合格，不相信文件头。',
  },
  icon: 'checklist',
  parameters: ProbeStep,
  inputs: { film: { type: 'file' } },
  outputs: { film: { type: 'file' }, facts: { type: 'data' } },
  carries: { film: 'film' },
  draft(input) {
    const film = filmIn(input);
    const { whenWrong, ...conditions } = input.parameters;
    return {
      kind: CHECK_TASK,
      parameters: { conditions, whenWrong } satisfies CheckParameters,
      inputs: [sourceOf(film)],
      constraints: nearTo(film),
      // A line of text for each packet.
      resources: { cpu: 1, memory: 256 * MiB, disk: Math.ceil(film.size / 20) + 64 * MiB },
      retry: { maxAttempts: 2, backoffMs: 1_000, maxBackoffMs: 30_000 },
      limits: { wallMs, stopGraceMs: 1_000 },
    };
  },
  // The film goes through, so that what follows depends on its having passed.
  outcome: (input, { result }) => ({
    ports: { film: { type: 'file', file: filmIn(input) }, facts: data(result) },
  }),
};
