import type { NgliveEvent } from '../../../contract/compat/nglive.ts';
import { factKinds } from '../../../contract/facts.ts';
import { webhookEventKinds } from '../webhook/webhooks.ts';

/** An event of the log, as far as it matters here. */
export interface LoggedEvent {
  readonly kind: string;
  readonly subject: { readonly kind: string; readonly id: string };
  readonly body: Readonly<Record<string, unknown>>;
}

/** Tasks that make a film of what was recorded, and those that bring one away: NGlive's two factories. */
export const transcodeTasks = [
  'transcodes.transcode',
  'transcodes.encode',
  'transcodes.remux',
  'recordings.join',
];
export const uploadTasks = ['deliveries.upload'];

/** Kinds of events that are told to NGlive's clients. */
export const toldKinds: readonly string[] = [
  'recordings.broadcast.opened',
  'recordings.broadcast.closed',
  factKinds.takeStarted,
  factKinds.takeEnded,
  ...Object.values(webhookEventKinds),
  'task.changed',
  'task.ended',
];

/**
 * What NGlive's clients are told of an event; null when nothing. A take is what they call a file: it begins when a recorder
 * opens one, and is closed with it. Pure.
 */
export function ngliveEventOf({ kind, subject, body }: LoggedEvent): NgliveEvent | null {
  switch (kind) {
    case 'recordings.broadcast.opened':
    case webhookEventKinds.sessionStarted:
      return { CMD: 'SessionStarted', ID: subject.id };
    case 'recordings.broadcast.closed':
    case webhookEventKinds.sessionEnded:
      return { CMD: 'SessionEnded', ID: subject.id };
    case factKinds.takeStarted:
      return typeof body.take === 'string' ? { CMD: 'FileOpening', ID: body.take } : null;
    case factKinds.takeEnded:
      return typeof body.take === 'string' ? { CMD: 'FileClosed', ID: body.take } : null;
    case webhookEventKinds.fileOpened:
      return { CMD: 'FileOpening', ID: subject.id };
    case webhookEventKinds.fileClosed:
      return { CMD: 'FileClosed', ID: subject.id };
    case 'task.changed':
    case 'task.ended':
      return ofTask(subject.id, body);
    default:
      return null;
  }
}

function ofTask(id: string, body: LoggedEvent['body']): NgliveEvent | null {
  const work = workOf(body.kind);
  if (!work) return null;
  // Frozen and thawed again is no second start.
  if (body.state === 'running') {
    return body.from === 'frozen'
      ? null
      : { CMD: work === 'Transcode' ? 'TranscodeStarted' : 'UpStarted', ID: id };
  }
  if (body.state === 'succeeded') return { CMD: work === 'Transcode' ? 'TranscodeEnded' : 'UpEnded', ID: id };
  if (body.state === 'failed' || body.state === 'canceled') {
    return { CMD: work === 'Transcode' ? 'TranscodeError' : 'UpError', ID: id };
  }
  return null;
}

/** Which of NGlive's factories a kind of task is; undefined for another. */
export function workOf(kind: unknown): 'Transcode' | 'Up' | undefined {
  if (typeof kind !== 'string') return undefined;
  if (transcodeTasks.includes(kind)) return 'Transcode';
  return uploadTasks.includes(kind) ? 'Up' : undefined;
}

/** How far a task is, in percent. Pure. */
export function progressEvent(id: string, kind: string, progress: unknown): NgliveEvent | null {
  const work = workOf(kind);
  const { fraction } = (progress ?? {}) as { fraction?: unknown };
  if (!work || typeof fraction !== 'number' || !Number.isFinite(fraction)) return null;
  const percent = Math.round(Math.min(1, Math.max(0, fraction)) * 1_000) / 10;
  return { CMD: work === 'Transcode' ? 'IsTranscode' : 'IsUp', ID: id, COMP: percent };
}
