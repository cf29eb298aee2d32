import { type FileValue, said } from '@backlot/contract';
import { Cron } from 'croner';
import { z } from 'zod';
import type { TriggerKind } from '../../workload.ts';
import { runJobKind } from '../runs/anchor.ts';

/** A run begins when a person or a program says so. */
export const manualTrigger: TriggerKind<object> = {
  kind: 'flow.manual',
  title: { en: 'By hand', 'zh-CN': '手动' },
  summary: {
    en: 'Runs when somebody starts it, with files of their choice.',
    'zh-CN': '由用户选择文件并手动启动。',
  },
  icon: 'hand-click',
  parameters: z.object({}),
  outputs: { file: { type: 'file' }, files: { type: 'files' }, data: { type: 'data' } },
};

const cronProblems = {
  never: said({ en: 'It never comes.', 'zh-CN': '这个时间永远不会到来。' }),
  often: said({ en: 'At most once a minute.', 'zh-CN': '最多每分钟一次。' }),
  zone: said({
    en: 'There is no such time zone. Write it as Asia/Shanghai.',
    'zh-CN': '没有这个时区，请写成 Asia/Shanghai 的形式。',
  }),
  unreadable: said({
    en: 'It can’t be read. Write five fields: minute, hour, day of the month, month, day of the week.',
    'zh-CN': '无法读取。请填写五个字段：分、时、日、月、星期。',
  }),
} as const;

/** Whether croner can read it, and in how many milliseconds it fires at the soonest. */
function cronProblem(cron: string, timezone = 'UTC'): keyof typeof cronProblems | undefined {
  try {
    new Intl.DateTimeFormat('en', { timeZone: timezone });
  } catch {
    return 'zone';
  }
  try {
    const [first, second] = new Cron(cron, { timezone, paused: true }).nextRuns(2);
    if (!first) return 'never';
    return second && second.getTime() - first.getTime() < 60_000 ? 'often' : undefined;
  } catch {
    return 'unreadable';
  }
}

export const ScheduleParameters = z
  .object({
    cron: z
      .string()
      .min(1)
      .max(200)
      .meta({ phrase: { en: 'When (cron)', 'zh-CN': '时间（cron）' }, pick: 'cron' }),
    timeZone: z
      .string()
      .max(60)
      .optional()
      .meta({
        phrase: { en: 'Time zone', 'zh-CN': '时区' },
        hint: { en: 'Asia/Shanghai; UTC unless told', 'zh-CN': '例如 Asia/Shanghai，默认 UTC' },
      }),
  })
  .check((context) => {
    const problem = cronProblem(context.value.cron, context.value.timeZone);
    if (problem === undefined) return;
    const path = [problem === 'zone' ? 'timeZone' : 'cron'];
    context.issues.push({ code: 'custom', message: cronProblems[problem], input: context.value, path });
  });
export type ScheduleParameters = z.infer<typeof ScheduleParameters>;

/** The first moment after `after` at which a schedule fires; undefined when it never does. */
export function nextTime({ cron, timeZone }: ScheduleParameters, after: Date): Date | undefined {
  return new Cron(cron, { timezone: timeZone ?? 'UTC', paused: true }).nextRun(after) ?? undefined;
}

export const scheduleTrigger: TriggerKind<ScheduleParameters> = {
  kind: 'flow.schedule',
  title: { en: 'Schedule', 'zh-CN': '定时' },
  summary: { en: 'Runs at times given by a cron expression.', 'zh-CN': '按 cron 表达式定时运行。' },
  icon: 'calendar-time',
  parameters: ScheduleParameters,
  outputs: {},
  data: ['at'],
};

export const webhookTrigger: TriggerKind<object> = {
  kind: 'flow.webhook',
  title: { en: 'Webhook', 'zh-CN': 'Webhook' },
  summary: {
    en: 'Runs when its address is called; the body is at {{trigger.…}}.',
    'zh-CN': '调用其地址时运行，请求体位于 {{trigger.…}}。',
  },
  icon: 'webhook',
  parameters: z.object({}),
  outputs: { data: { type: 'data' } },
};

export const ArtifactParameters = z.object({
  kind: z
    .string()
    .max(60)
    .optional()
    .meta({
      phrase: { en: 'Kind', 'zh-CN': '类型' },
      hint: { en: 'film, frame, upload …', 'zh-CN': 'film、frame、upload 等' },
    }),
  mediaType: z
    .string()
    .max(200)
    .optional()
    .meta({
      phrase: { en: 'Media type begins with', 'zh-CN': '媒体类型前缀' },
      hint: { en: 'video/', 'zh-CN': 'video/' },
    }),
  name: z
    .string()
    .max(200)
    .optional()
    .meta({ phrase: { en: 'Name contains', 'zh-CN': '名称包含' } }),
});
export type ArtifactParameters = z.infer<typeof ArtifactParameters>;

/** A file has come into the project: uploaded, or made by a job. What flows make themselves starts no flow. */
export const artifactTrigger: TriggerKind<ArtifactParameters> = {
  kind: 'flow.artifact',
  title: { en: 'File created', 'zh-CN': '文件生成' },
  summary: {
    en: 'Runs for each new file of the project, but not for those that flows make.',
    'zh-CN': '项目中每出现一个新文件时运行（流程自身生成的除外）。',
  },
  icon: 'file-plus',
  parameters: ArtifactParameters,
  outputs: { file: { type: 'file' } },
  data: ['name', 'kind', 'mediaType', 'size'],
  events: ['artifact.created'],
  async fire(event, kernel) {
    const row = await kernel.db
      .selectFrom('artifact as a')
      .leftJoin('job as j', 'j.id', 'a.job_id')
      .select([
        'a.id',
        'a.project_id',
        'a.name',
        'a.kind',
        'a.digest',
        'a.size',
        'a.media_type',
        'a.meta',
        'a.holders',
        'j.kind as job_kind',
      ])
      .where('a.id', '=', event.subject.id)
      .where('a.deleted_at', 'is', null)
      .executeTakeFirst();
    if (!row || row.job_kind === runJobKind) return null;
    const file: FileValue = {
      digest: row.digest,
      size: row.size,
      name: row.name,
      mediaType: row.media_type,
      kind: row.kind,
      meta: row.meta,
      artifactId: row.id,
      ...(row.holders.length > 0 ? { holders: row.holders } : {}),
    };
    return {
      key: `artifact:${row.id}`,
      projectId: row.project_id,
      subject: { kind: 'artifact', id: row.id },
      ports: { file: { type: 'file', file } },
      data: { name: row.name, kind: row.kind, mediaType: row.media_type, size: row.size },
    };
  },
  matches({ kind, mediaType, name }, { data }) {
    return (
      (kind === undefined || data.kind === kind) &&
      (mediaType === undefined || String(data.mediaType).startsWith(mediaType)) &&
      (name === undefined || String(data.name).toLowerCase().includes(name.toLowerCase()))
    );
  },
};

export const kernelTriggers: readonly TriggerKind[] = [
  manualTrigger,
  scheduleTrigger,
  webhookTrigger,
  artifactTrigger,
];
