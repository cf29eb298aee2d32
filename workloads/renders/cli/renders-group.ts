import { resolve } from 'node:path';
import { type CliGroup, defineCommand, findProject, UsageError } from '@backlot/cli/command';
import { JobState } from '@backlot/contract/states/job';
import { z } from 'zod';
import { RendersApi } from './api.ts';
import { followRender, reasonText } from './follow.ts';
import { finish, ResultFolder } from './results.ts';
import { words } from './words.ts';

const id = z.uuid('Give the whole id, as `backlot renders list` shows it.');
const idArgument = { name: 'id', description: { en: 'Id of the render', 'zh-CN': '渲染编号' } };

/** `backlot renders …`: what was submitted, from anywhere. Pausing and canceling are `backlot jobs …`. */
export const rendersGroup: CliGroup = {
  name: 'renders',
  summary: { en: 'Renders: list, show, download', 'zh-CN': '渲染：列表、查看、下载' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List renders, newest first', 'zh-CN': '列出渲染（最新在前）' },
      options: [
        { flags: '-p, --project <name>', description: { en: 'Only of this project', 'zh-CN': '仅限此项目' } },
        {
          flags: '-s, --state <state>',
          description: { en: 'Only in this state', 'zh-CN': '仅此状态' },
          choices: JobState.options,
        },
        { flags: '--text <words>', description: { en: 'Only with this in the name', 'zh-CN': '按名称筛选' } },
        {
          flags: '--limit <n>',
          description: { en: 'At most so many', 'zh-CN': '最多条数' },
          defaultText: '20',
        },
      ],
      examples: [
        {
          command: 'backlot renders list --json',
          description: { en: 'For programs', 'zh-CN': '供程序使用' },
        },
      ],
      input: z.object({
        project: z.string().optional(),
        state: JobState.optional(),
        text: z.string().optional(),
        limit: z.coerce.number().int().min(1).max(1_000).default(20),
      }),
      async run(context, { project, state, text, limit }) {
        const { out, signal } = context;
        const client = await context.api();
        const projectId = project === undefined ? undefined : (await findProject(client, project, signal)).id;
        const found = [];
        const query = {
          ...(projectId ? { projectId } : {}),
          ...(state ? { state } : {}),
          ...(text ? { text } : {}),
        };
        for await (const render of new RendersApi(client, signal).list(query)) {
          found.push(render);
          if (found.length >= limit) break;
        }
        out.result(found, (renders) =>
          out.table(
            ['ID', 'NAME', 'STATE', 'FRAMES', 'CREATED'],
            renders.map(({ job, frames }) => [
              job.id,
              job.name,
              job.state,
              `${frames.done}/${frames.total}`,
              job.createdAt,
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show a render: model, frames, time, cost', 'zh-CN': '查看渲染：模型、帧、耗时、费用' },
      arguments: [idArgument],
      examples: [],
      input: z.object({ id }),
      async run(context, input) {
        const { out, signal, language } = context;
        const render = await new RendersApi(await context.api(), signal).get(input.id);
        const { job, facts, frames, missing, spent } = render;
        const done = frames.filter((cell) => cell.state === 'done').length;
        out.result(render, () => [
          `${job.name}  ${job.state}`,
          ...(job.wait ? [reasonText(job.wait, language)] : []),
          ...(job.failure ? [reasonText(job.failure.reason, language)] : []),
          ...(facts.model
            ? [`${facts.model.format}  ${facts.model.polygons} polygons  Blender ${facts.model.blender}`]
            : []),
          `${done}/${frames.length} frames  ${spent.coreHours.toFixed(3)} core hours`,
          ...missing.map(({ path }) => `- ${path}`),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'download',
      summary: { en: 'Wait for a render and fetch its results', 'zh-CN': '等待渲染完成并下载结果' },
      arguments: [idArgument],
      options: [
        {
          flags: '-o, --out <dir>',
          description: { en: 'Folder for the results', 'zh-CN': '结果文件夹' },
          defaultText: './<id>',
        },
      ],
      examples: [],
      input: z.object({ id, out: z.string().optional() }),
      async run(context, input) {
        const { signal, cwd, say } = context;
        const client = await context.api();
        const folder = new ResultFolder(client, resolve(cwd, input.out ?? input.id), signal);
        const ended = await followRender(context, new RendersApi(client, signal), input.id, {
          onLook: (render) => folder.fetchFrames(render),
          // Nobody can bring files from here: it would wait for ever.
          onMissing: async ({ missing, job }) => {
            const names = missing.map(({ path }) => path).join(', ');
            throw new UsageError(say(words.stillMissing, { names, id: job.id }));
          },
        });
        return await finish(context, ended, folder);
      },
    }),
  ],
};
