import { fieldWords, type StepKind } from '@backlot/contract';
import { z } from 'zod';
import { pictureFormats, SHEET_TASK, SheetParameters } from '../pictures.ts';
import { data, filmIn, nearTo, sourceOf } from './ports.ts';

const MiB = 1024 * 1024;
const side = z.number().int().min(1).max(12).default(4);

export const SheetStep = z.object({
  columns: side.meta(fieldWords('Columns', '列数', { order: 1 })),
  rows: side.meta(fieldWords('Rows', '行数', { order: 2 })),
  width: z
    .number()
    .int()
    .min(16)
    .max(960)
    .default(320)
    .meta(fieldWords('Width of a picture', '单图宽度', { order: 3 })),
  format: z
    .enum(pictureFormats)
    .default('jpeg')
    .meta(fieldWords('Format', '格式', { order: 4 })),
  timestamps: z
    .boolean()
    .default(true)
    .meta(fieldWords('Write the times', '显示时间', { order: 5 })),
}) satisfies z.ZodType<SheetParameters>;

/** A film at a glance. */
export const sheetStep: StepKind<SheetParameters> = {
  kind: 'transcodes.contact-sheet',
  title: { en: 'Contact sheet', 'zh-CN': '预览拼图' },
  summary: {
    en: 'Lays pictures from all of a film out in a grid, each with its time.',
    'zh-CN': '将整部视频的画面排成网格，并标注时间。',
  },
  icon: 'layout-grid',
  parameters: SheetStep,
  inputs: { film: { type: 'file' } },
  outputs: { sheet: { type: 'file' }, facts: { type: 'data' } },
  draft(input) {
    const film = filmIn(input);
    const parameters = SheetParameters.parse(input.parameters);
    return {
      kind: SHEET_TASK,
      parameters,
      inputs: [sourceOf(film)],
      constraints: nearTo(film),
      resources: { cpu: 1, memory: 512 * MiB, disk: 64 * MiB },
      retry: { maxAttempts: 2, backoffMs: 1_000, maxBackoffMs: 30_000 },
      limits: { wallMs: 10 * 60_000 + parameters.columns * parameters.rows * 30_000, stopGraceMs: 1_000 },
    };
  },
  outcome(_input, { result, outputs }) {
    const sheet = outputs.find(({ kind }) => kind === 'contact-sheet');
    return { ports: { ...(sheet ? { sheet: { type: 'file', file: sheet } } : {}), facts: data(result) } };
  },
};
