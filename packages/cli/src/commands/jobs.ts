import type { Job } from '@backlot/contract/api/jobs';
import type { Phrase } from '@backlot/contract/phrase';
import { JobState } from '@backlot/contract/states/job';
import { type ApiClient, collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, type CommandContext, defineCommand } from '../command.ts';
import { exitCodes } from '../exit-codes.ts';
import { formatAge, formatDuration, formatPercent } from '../output/amounts.ts';
import type { ReasonText } from '../reasons.ts';
import { findByName, projectFilter, shortId } from './find.ts';
import { idOf, limitOption, limitSchema, projectOption } from './options.ts';
import { watchJob } from './watch-job.ts';

const jobArgument = { name: 'job', description: idOf('job', '作业') } as const;
const jobInput = z.object({ job: z.string() });

/** `backlot jobs …`: what people submitted, of every kind of work. */
export const jobsCommands: CliGroup = {
  name: 'jobs',
  summary: { en: 'Look at jobs and steer them', 'zh-CN': '查看和控制作业' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List jobs, newest first', 'zh-CN': '列出作业，最新在前' },
      options: [
        {
          flags: '-s, --state <state>',
          description: { en: 'only in this state', 'zh-CN': '仅此状态' },
          choices: JobState.options,
        },
        { flags: '-k, --kind <kind>', description: { en: 'only of this kind', 'zh-CN': '仅此类型' } },
        projectOption,
        limitOption,
      ],
      examples: [
        {
          command: 'backlot jobs list --state running',
          description: { en: 'What runs now', 'zh-CN': '正在运行的作业' },
        },
      ],
      input: z.object({
        state: JobState.optional(),
        kind: z.string().optional(),
        project: z.string().optional(),
        limit: limitSchema,
      }),
      async run({ out, api, say, signal }, { state, kind, project, limit }) {
        const client = await api();
        const projectId = await projectFilter(client, project, signal);
        const jobs = await collect(
          client.jobs.list({ state, kind, projectId, limit: Math.min(limit, 500) }, signal),
          limit,
        );
        out.result(jobs, () =>
          jobs.length === 0 ? say(phrases.none) : out.table(jobColumns(say), jobs.map(jobRow)),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show one job, and why it waits', 'zh-CN': '显示一个作业及其等待原因' },
      arguments: [jobArgument],
      input: jobInput,
      async run(context, { job: typed }) {
        const client = await context.api();
        const job = await findJob(client, typed, context.signal);
        await showJob(job, context);
        return undefined;
      },
    }),
    defineCommand({
      name: 'wait',
      summary: { en: 'Follow a job until it ends', 'zh-CN': '跟踪作业直到结束' },
      description: {
        en: 'Follow a job until it ends. Exits with 0 when it has succeeded, with 1 otherwise. Ctrl-C ends the watching, not the job.',
        'zh-CN': '跟踪作业直到结束。成功时退出码为 0，否则为 1。Ctrl-C 只结束跟踪，不影响作业。',
      },
      arguments: [jobArgument],
      input: jobInput,
      async run(context, { job: typed }) {
        const client = await context.api();
        const { id } = await findJob(client, typed, context.signal);
        const job = await watchJob(context, client, id);
        await showJob(job, context);
        return job.state === 'succeeded' ? exitCodes.ok : exitCodes.failed;
      },
    }),
    intentCommand('pause', 'pause', {
      en: 'Pause a job: what runs goes on, nothing new starts',
      'zh-CN': '暂停作业：正在运行的继续，不再启动新任务',
    }),
    intentCommand('resume', 'run', { en: 'Let a paused job go on', 'zh-CN': '继续已暂停的作业' }),
    intentCommand('cancel', 'cancel', {
      en: 'Cancel a job: what runs is stopped, what is done is kept',
      'zh-CN': '取消作业：停止运行中的任务，保留已完成的结果',
    }),
    defineCommand({
      name: 'requeue',
      summary: { en: 'Queue the failed tasks of a job again', 'zh-CN': '将作业的失败任务重新排队' },
      arguments: [jobArgument],
      input: jobInput,
      async run(context, { job: typed }) {
        const client = await context.api();
        const { id } = await findJob(client, typed, context.signal);
        const job = await client.jobs.retryFailed(id, context.signal);
        await showJob(job, context);
        return undefined;
      },
    }),
    defineCommand({
      name: 'priority',
      summary: {
        en: 'Put a job before or behind others of its project',
        'zh-CN': '调整作业在项目内的优先级',
      },
      arguments: [
        jobArgument,
        {
          name: 'priority',
          description: { en: 'from -100 to 100, 0 by default', 'zh-CN': '-100 到 100，默认 0' },
        },
      ],
      examples: [
        {
          command: 'backlot jobs priority 9f3a1c2e 50',
          description: { en: 'Before the others', 'zh-CN': '优先于其他作业' },
        },
      ],
      input: jobInput.extend({ priority: z.coerce.number<unknown>().int().min(-100).max(100) }),
      async run(context, { job: typed, priority }) {
        const client = await context.api();
        const { id } = await findJob(client, typed, context.signal);
        const job = await client.jobs.change(id, { priority }, context.signal);
        await showJob(job, context);
        return undefined;
      },
    }),
  ],
};

function intentCommand(name: string, intent: Job['intent'], summary: Phrase) {
  return defineCommand({
    name,
    summary,
    arguments: [jobArgument],
    input: jobInput,
    async run(context, { job: typed }) {
      const client = await context.api();
      const { id } = await findJob(client, typed, context.signal);
      const job = await client.jobs.change(id, { intent }, context.signal);
      await showJob(job, context);
      return undefined;
    },
  });
}

export function findJob(client: ApiClient, typed: string, signal: AbortSignal): Promise<Job> {
  return findByName(
    'job',
    typed,
    () => client.jobs.list({ limit: 500 }, signal),
    (id) => client.jobs.get(id, signal),
  );
}

function jobColumns(say: CommandContext['say']): readonly string[] {
  return [
    say(phrases.id),
    say(phrases.state),
    say(phrases.progress),
    say(phrases.kind),
    say(phrases.age),
    say(phrases.name),
  ];
}

function jobRow(job: Job): readonly string[] {
  return [
    shortId(job.id),
    job.state,
    formatPercent(job.progress.fraction),
    job.kind,
    formatAge(job.createdAt, Date.now()),
    job.name,
  ];
}

async function showJob(job: Job, context: CommandContext): Promise<void> {
  const sentence = await context.reasons();
  context.out.result(job, () => describeJob(job, context, sentence));
}

/** A job in a few lines: what it is, how far, why not further. */
function describeJob(job: Job, { say }: CommandContext, sentence: ReasonText): readonly string[] {
  const { progress, counts } = job;
  const tasks = Object.entries(counts)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`)
    .join(', ');
  const eta =
    progress.etaMs === null ? '' : `, ${say(phrases.left, { time: formatDuration(progress.etaMs) })}`;
  const wait = job.wait ? [`${say(phrases.waits)}: ${sentence(job.wait)}`] : [];
  const failure = job.failure ? [`${say(phrases.failed)}: ${sentence(job.failure.reason)}`] : [];
  return [
    `${job.name}  ${job.id}`,
    `${job.state}  ${formatPercent(progress.fraction)}${eta}  (${tasks})`,
    ...wait,
    ...failure,
  ];
}

const phrases = {
  none: {
    en: 'No jobs. `backlot render FILE` makes one.',
    'zh-CN': '没有作业。可用 `backlot render 文件` 提交。',
  },
  id: { en: 'ID', 'zh-CN': '编号' },
  state: { en: 'STATE', 'zh-CN': '状态' },
  progress: { en: 'DONE', 'zh-CN': '进度' },
  kind: { en: 'KIND', 'zh-CN': '类型' },
  age: { en: 'AGE', 'zh-CN': '时长' },
  name: { en: 'NAME', 'zh-CN': '名称' },
  left: { en: '{time} left', 'zh-CN': '剩余 {time}' },
  waits: { en: 'Waits', 'zh-CN': '等待原因' },
  failed: { en: 'Failed', 'zh-CN': '失败原因' },
} as const satisfies Record<string, Phrase>;
