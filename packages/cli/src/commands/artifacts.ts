import type { Artifact } from '@backlot/contract/api/artifacts';
import { Id } from '@backlot/contract/id';
import type { Phrase } from '@backlot/contract/phrase';
import { type ApiClient, collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, defineCommand } from '../command.ts';
import { formatAge, formatBytes } from '../output/amounts.ts';
import { projectFilter, shortId } from './find.ts';
import { findJob } from './jobs.ts';
import { limitOption, limitSchema, projectOption } from './options.ts';

/** `backlot artifacts …`: files that tasks made or use, of every kind of work. */
export const artifactsCommands: CliGroup = {
  name: 'artifacts',
  summary: { en: 'Look at files that tasks made or use', 'zh-CN': '查看任务产生或使用的文件' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List artifacts, newest first', 'zh-CN': '列出产物，最新在前' },
      options: [
        projectOption,
        { flags: '-j, --job <job>', description: { en: 'only of this job', 'zh-CN': '仅此作业' } },
        { flags: '-t, --task <id>', description: { en: 'only of this task', 'zh-CN': '仅此任务' } },
        { flags: '-k, --kind <kind>', description: { en: 'only of this kind', 'zh-CN': '仅此类型' } },
        limitOption,
      ],
      examples: [
        {
          command: 'backlot artifacts list --kind recordings.film',
          description: {
            en: 'Films of broadcasts; `flows run --artifact` takes the id',
            'zh-CN': '直播成片，其编号可用于 `flows run --artifact`',
          },
        },
      ],
      input: z.object({
        project: z.string().optional(),
        job: z.string().optional(),
        task: Id.optional(),
        kind: z.string().max(60).optional(),
        limit: limitSchema,
      }),
      async run({ out, api, say, signal }, { project, job, task: taskId, kind, limit }) {
        const client = await api();
        const projectId = await projectFilter(client, project, signal);
        const jobId = job === undefined ? undefined : (await findJob(client, job, signal)).id;
        const query = { projectId, jobId, taskId, kind, limit: Math.min(limit, 500) };
        const artifacts = await collect(client.artifacts.list(query, signal), limit);
        const nameOf = await holderNames(client, out.json ? [] : artifacts, signal);
        const { id, kind: kindWord, size, where, age, name } = phrases;
        out.result(artifacts, () =>
          artifacts.length === 0
            ? say(phrases.none)
            : out.table(
                [id, kindWord, size, where, age, name].map((phrase) => say(phrase)),
                artifacts.map((one) => [
                  one.id,
                  one.kind,
                  formatBytes(one.size),
                  [...(one.stored ? [say(phrases.store)] : []), ...one.holders.map(nameOf)].join(', ') || '-',
                  formatAge(one.createdAt, Date.now()),
                  one.name,
                ]),
              ),
        );
        return undefined;
      },
    }),
  ],
};

/** What the nodes are called that hold these. Whoever may not look at nodes still sees which files are on the same one. */
async function holderNames(
  client: ApiClient,
  artifacts: readonly Artifact[],
  signal: AbortSignal,
): Promise<(nodeId: string) => string> {
  const held = artifacts.some(({ holders }) => holders.length > 0);
  const nodes = held ? await collect(client.nodes.list({ limit: 500 }, signal), 5_000).catch(() => []) : [];
  signal.throwIfAborted();
  const names = new Map(nodes.map(({ id, name }) => [id, name]));
  return (nodeId) => names.get(nodeId) ?? shortId(nodeId);
}

const phrases = {
  none: {
    en: 'No artifacts that fit. Files that jobs make appear here; without filters all are listed.',
    'zh-CN': '没有符合条件的产物。作业产生的文件会显示在此，去掉筛选条件可列出全部。',
  },
  id: { en: 'ID', 'zh-CN': '编号' },
  kind: { en: 'KIND', 'zh-CN': '类型' },
  size: { en: 'SIZE', 'zh-CN': '大小' },
  where: { en: 'WHERE', 'zh-CN': '位置' },
  age: { en: 'AGE', 'zh-CN': '时长' },
  name: { en: 'NAME', 'zh-CN': '名称' },
  store: { en: 'store', 'zh-CN': '文件存储' },
} as const satisfies Record<string, Phrase>;
