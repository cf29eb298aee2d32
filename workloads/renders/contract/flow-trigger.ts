import type { FileValue, Fired, TriggerFacts } from '@backlot/contract';
import { z } from 'zod';
import { outputs } from './tasks.ts';

/** Which renders begin a flow. */
export const RenderDoneFilter = z.object({
  /** Only of renders whose name has this in it; upper and lower case are alike. */
  name: z
    .string()
    .max(200)
    .default('')
    .meta({
      phrase: { en: 'Name contains', 'zh-CN': '名称包含' },
      hint: { en: 'Left empty: every render of the project.', 'zh-CN': '留空表示项目中的所有渲染。' },
    }),
  /** Only renders that have made a film. */
  film: z
    .boolean()
    .default(false)
    .meta({ phrase: { en: 'Only with a film', 'zh-CN': '仅限有视频的渲染' } }),
});
export type RenderDoneFilter = z.infer<typeof RenderDoneFilter>;

/** A render has succeeded: its film, its frames, its contact sheet. */
export const renderDone: TriggerFacts<RenderDoneFilter> = {
  kind: 'renders.render-done',
  title: { en: 'A render is done', 'zh-CN': '渲染完成' },
  summary: {
    en: 'Starts when a render has succeeded, with its film and its frames.',
    'zh-CN': '渲染成功后触发，提供视频与各帧图片。',
  },
  icon: 'cube',
  parameters: RenderDoneFilter,
  outputs: {
    film: { type: 'file', required: false, title: { en: 'Film', 'zh-CN': '视频' } },
    frames: { type: 'files', title: { en: 'Frames', 'zh-CN': '帧' } },
    sheet: { type: 'file', required: false, title: { en: 'Contact sheet', 'zh-CN': '预览拼图' } },
  },
  data: ['title', 'jobId', 'frames'],
};

/** What a render that has succeeded gives to flows, from all that it has made. Pure. */
export function renderFired(
  job: { readonly id: string; readonly projectId: string; readonly name: string },
  eventId: string,
  files: readonly FileValue[],
): Fired {
  const one = (kind: string) => files.find((file) => file.kind === kind);
  const film = one(outputs.film.kind);
  const sheet = one(outputs.sheet.kind);
  const frames = files
    .filter(({ kind }) => kind === outputs.frame.kind)
    .toSorted((left, right) => left.name.localeCompare(right.name, 'en', { numeric: true }));
  return {
    // A render that is made anew, after some frames were retried, is done anew.
    key: `renders.render-done:${job.id}:${eventId}`,
    projectId: job.projectId,
    subject: { kind: 'job', id: job.id },
    ports: {
      ...(film ? { film: { type: 'file', file: film } } : {}),
      frames: { type: 'files', files: frames },
      ...(sheet ? { sheet: { type: 'file', file: sheet } } : {}),
    },
    data: { title: job.name, jobId: job.id, frames: frames.length },
  };
}

/** Whether a flow with this filter waits for it. Pure. */
export function wantsRender(filter: RenderDoneFilter, { data, ports }: Fired): boolean {
  const named = String(data.title ?? '')
    .toLowerCase()
    .includes(filter.name.toLowerCase());
  return named && (!filter.film || ports.film !== undefined);
}
