import { fill, type Language, type Phrase } from '@backlot/contract';
import type { Notice, NoticeLevel } from '../../contract.ts';

/** An event as a message needs it. */
export interface ToldEvent {
  readonly kind: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly body: Readonly<Record<string, unknown>>;
}

interface Words {
  readonly level: NoticeLevel;
  readonly title: Phrase;
}

/** What an event is called, for people. `{name}` and other fields come from its body. */
const known: Readonly<Record<string, Words>> = {
  'deliveries.target.down': {
    level: 'failure',
    title: { en: 'Target {name} is down', 'zh-CN': '投递目标 {name} 不可用' },
  },
  'deliveries.target.up': {
    level: 'success',
    title: { en: 'Target {name} is back', 'zh-CN': '投递目标 {name} 已恢复' },
  },
  'disk.low': { level: 'warning', title: { en: 'Disk is low on {name}', 'zh-CN': '{name} 磁盘空间不足' } },
  'node.lost': { level: 'failure', title: { en: 'Node {name} is lost', 'zh-CN': '节点 {name} 已丢失' } },
  'node.unreachable': {
    level: 'warning',
    title: { en: 'Node {name} can’t be reached', 'zh-CN': '无法连接节点 {name}' },
  },
  'node.ready': { level: 'success', title: { en: 'Node {name} is ready', 'zh-CN': '节点 {name} 已就绪' } },
  'flow.run.failed': {
    level: 'failure',
    title: { en: 'Flow {name} has failed', 'zh-CN': '流程 {name} 失败' },
  },
  'flow.run.ended': {
    level: 'success',
    title: { en: 'Flow {name} has ended', 'zh-CN': '流程 {name} 已结束' },
  },
  'job.failed': { level: 'failure', title: { en: 'Job {name} has failed', 'zh-CN': '作业 {name} 失败' } },
  'job.ended': { level: 'success', title: { en: 'Job {name} has ended', 'zh-CN': '作业 {name} 已结束' } },
  'recordings.stall': {
    level: 'warning',
    title: { en: 'Recording of {name} has stalled', 'zh-CN': '{name} 的录制停滞' },
  },
  'recordings.gap': {
    level: 'warning',
    title: { en: 'A gap in the recording of {name}', 'zh-CN': '{name} 的录制出现间断' },
  },
  'recordings.broadcast.started': {
    level: 'info',
    title: { en: '{name} is live', 'zh-CN': '{name} 开播了' },
  },
  'recordings.broadcast.closed': {
    level: 'success',
    title: { en: 'Broadcast of {name} has ended', 'zh-CN': '{name} 直播已结束' },
  },
};

/** Lines of a message; more facts than that nobody reads on a phone. */
const mostLines = 12;

/**
 * The names under which an event can be subscribed to: its own, and, when it is an end that went wrong, the same with
 * `.failed`.
 */
export function namesOf({ kind, body }: ToldEvent): string[] {
  const failed = kind.endsWith('.ended') && body.state === 'failed';
  return failed ? [kind, `${kind.slice(0, -'.ended'.length)}.failed`] : [kind];
}

/** Whether a kind is among patterns, as webhooks understand them: the kind itself, or `recordings.*`. */
export function matchesAny(patterns: readonly string[], kinds: readonly string[]): boolean {
  return kinds.some((kind) =>
    patterns.some(
      (pattern) => pattern === kind || (pattern.endsWith('.*') && kind.startsWith(pattern.slice(0, -1))),
    ),
  );
}

/** An event as a message. Whatever is in its body is shown as it is. */
export function noticeOf(event: ToldEvent, language: Language, url: string): Notice {
  const name = namesOf(event).at(-1) ?? event.kind;
  const words = known[name];
  const params = { name: shownName(event) };
  const title = words ? fill(words.title, params, language) : `${event.kind}: ${params.name}`;
  const lines = Object.entries(event.body)
    .flatMap(([key, value]) => {
      const text = shown(value);
      return text === undefined || key === 'name' || /Id$/.test(key) ? [] : [`${key}: ${text}`];
    })
    .slice(0, mostLines);
  return {
    title: title.slice(0, 500),
    text: lines.join('\n').slice(0, 5_000),
    level: words?.level ?? 'info',
    url,
  };
}

/**
 * Under which an event's messages are told together: faults by what they are, so that a fault of everything is one message;
 * other news by whom they are about.
 */
export function groupOfEvent(event: ToldEvent, notice: Notice): string {
  const fault = notice.level === 'failure' || notice.level === 'warning';
  return fault ? `event:${event.kind}` : `event:${event.kind}:${event.subject.id}`;
}

function shownName({ body, subject }: ToldEvent): string {
  for (const key of ['name', 'channelName', 'nodeName', 'title']) {
    const value = body[key];
    if (typeof value === 'string' && value !== '') return value;
  }
  return subject.id;
}

/** Sentences of reasons, and what is short; not what is nested. */
function shown(value: unknown): string | undefined {
  if (typeof value === 'string') return value.slice(0, 300);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return undefined;
  const { message, reason } = value as { message?: unknown; reason?: { message?: unknown } };
  if (typeof message === 'string') return message.slice(0, 500);
  return typeof reason?.message === 'string' ? reason.message.slice(0, 500) : undefined;
}
