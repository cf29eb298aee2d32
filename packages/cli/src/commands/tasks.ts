import type { TaskDetail } from '@backlot/contract/api/jobs';
import type { Phrase } from '@backlot/contract/phrase';
import { TaskState } from '@backlot/contract/states/task';
import { collect } from '@backlot/sdk';
import { z } from 'zod';
import { type CliGroup, type CommandContext, defineCommand } from '../command.ts';
import { formatAge, formatDuration } from '../output/amounts.ts';
import type { ReasonText } from '../reasons.ts';
import { findJob } from './jobs.ts';
import { limitOption, limitSchema } from './options.ts';

const taskArgument = {
  name: 'task',
  description: { en: 'id of the task', 'zh-CN': '任务编号' },
} as const;

/** `backlot tasks …`: the pieces that jobs consist of, where they ran, why they wait, what they said. */
export const tasksCommands: CliGroup = {
  name: 'tasks',
  summary: { en: 'Look at tasks, their attempts and logs', 'zh-CN': '查看任务、执行记录和日志' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List tasks', 'zh-CN': '列出任务' },
      options: [
        { flags: '-j, --job <job>', description: { en: 'only of this job', 'zh-CN': '仅此作业' } },
        {
          flags: '-s, --state <state>',
          description: { en: 'only in this state', 'zh-CN': '仅此状态' },
          choices: TaskState.options,
        },
        limitOption,
      ],
      examples: [
        {
          command: 'backlot tasks list --state queued',
          description: { en: 'What waits, and why', 'zh-CN': '正在等待的任务及原因' },
        },
      ],
      input: z.object({ job: z.string().optional(), state: TaskState.optional(), limit: limitSchema }),
      async run({ out, api, say, reasons, signal }, { job, state, limit }) {
        const client = await api();
        const sentence = await reasons();
        const jobId = job === undefined ? undefined : (await findJob(client, job, signal)).id;
        const tasks = await collect(
          client.tasks.list({ jobId, state, limit: Math.min(limit, 500) }, signal),
          limit,
        );
        out.result(tasks, () =>
          tasks.length === 0
            ? say(phrases.none)
            : out.table(
                [
                  say(phrases.id),
                  say(phrases.state),
                  say(phrases.node),
                  say(phrases.age),
                  say(phrases.key),
                  '',
                ],
                tasks.map((task) => [
                  task.id,
                  task.state,
                  task.allocation?.nodeName ?? '-',
                  formatAge(task.createdAt, Date.now()),
                  task.key,
                  task.wait ? sentence(task.wait) : '',
                ]),
              ),
        );
        return undefined;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show one task with its attempts', 'zh-CN': '显示一个任务及其执行记录' },
      arguments: [taskArgument],
      input: z.object({ task: z.string() }),
      async run(context, { task: id }) {
        const task = await (await context.api()).tasks.get(id, context.signal);
        const sentence = await context.reasons();
        context.out.result(task, () => describeTask(task, context, sentence));
        return undefined;
      },
    }),
    defineCommand({
      name: 'logs',
      summary: { en: 'Print the log of a task', 'zh-CN': '输出任务日志' },
      description: {
        en: "Print what the task's latest attempt wrote. With --follow, go on until it has ended.",
        'zh-CN': '输出任务最近一次执行的日志。使用 --follow 时持续输出直到结束。',
      },
      arguments: [taskArgument],
      options: [
        {
          flags: '-f, --follow',
          description: { en: 'go on with what is still written', 'zh-CN': '持续输出新内容' },
        },
        {
          flags: '--stream <stream>',
          description: { en: 'which of its outputs', 'zh-CN': '输出流' },
          choices: ['stdout', 'stderr'],
          defaultText: 'stdout',
        },
        {
          flags: '--tail <bytes>',
          description: { en: 'begin so many bytes before the end', 'zh-CN': '从末尾之前多少字节开始' },
        },
      ],
      examples: [
        {
          command: 'backlot tasks logs <task> -f',
          description: { en: 'Watch it work', 'zh-CN': '实时查看' },
        },
      ],
      input: z.object({
        task: z.string(),
        follow: z.boolean().default(false),
        stream: z.enum(['stdout', 'stderr']).default('stdout'),
        tail: z.coerce.number<unknown>().int().positive().optional(),
      }),
      async run({ out, api, signal }, { task, follow, stream, tail }) {
        const { tasks } = await api();
        const query = { stream, ...(tail === undefined ? {} : { from: -tail }) };
        const pieces = follow ? tasks.followLog(task, query, signal) : tasks.wholeLog(task, query, signal);
        for await (const { text } of pieces) out.raw(text);
        return undefined;
      },
    }),
    defineCommand({
      name: 'requeue',
      summary: { en: 'Queue a failed or held task again', 'zh-CN': '将失败或挂起的任务重新排队' },
      arguments: [taskArgument],
      input: z.object({ task: z.string() }),
      async run({ out, api, say, signal }, { task: id }) {
        const client = await api();
        await client.tasks.requeue(id, signal);
        const task = await client.tasks.get(id, signal);
        out.result(task, () => say(phrases.requeued, { key: task.key, state: task.state }));
        return undefined;
      },
    }),
  ],
};

function describeTask(
  task: TaskDetail,
  { say, out }: CommandContext,
  sentence: ReasonText,
): readonly string[] {
  const attempts = task.allocations.map((allocation) => [
    String(allocation.fence),
    allocation.nodeName,
    allocation.outcome ?? allocation.state,
    durationOf(allocation),
    allocation.failure ? sentence(allocation.failure.reason) : '',
  ]);
  return [
    `${task.key}  ${task.kind}  ${task.id}`,
    `${task.state}  (${say(phrases.attempts, { attempt: task.attempt, most: task.maxAttempts })})`,
    ...(task.wait ? [`${say(phrases.waits)}: ${sentence(task.wait)}`] : []),
    ...(task.failure ? [`${say(phrases.failed)}: ${sentence(task.failure.reason)}`] : []),
    ...(attempts.length > 0
      ? [
          '',
          ...out.table(
            [say(phrases.fence), say(phrases.node), say(phrases.state), say(phrases.took), ''],
            attempts,
          ),
        ]
      : []),
  ];
}

function durationOf({ startedAt, endedAt }: TaskDetail['allocations'][number]): string {
  if (startedAt === null) return '-';
  return formatDuration((endedAt === null ? Date.now() : Date.parse(endedAt)) - Date.parse(startedAt));
}

const phrases = {
  none: { en: 'No tasks.', 'zh-CN': '没有任务。' },
  id: { en: 'ID', 'zh-CN': '编号' },
  state: { en: 'STATE', 'zh-CN': '状态' },
  node: { en: 'NODE', 'zh-CN': '节点' },
  age: { en: 'AGE', 'zh-CN': '时长' },
  key: { en: 'KEY', 'zh-CN': '标识' },
  fence: { en: 'FENCE', 'zh-CN': '序号' },
  took: { en: 'TOOK', 'zh-CN': '用时' },
  attempts: { en: 'attempt {attempt} of {most}', 'zh-CN': '第 {attempt} 次，最多 {most} 次' },
  waits: { en: 'Waits', 'zh-CN': '等待原因' },
  failed: { en: 'Failed', 'zh-CN': '失败原因' },
  requeued: { en: '{key} is {state} again.', 'zh-CN': '{key} 已恢复为 {state}。' },
} as const satisfies Record<string, Phrase>;
