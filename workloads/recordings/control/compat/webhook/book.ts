import type { RecorderEvent } from '../../../contract/bililive/webhook.ts';

/** What webhooks have told of one file so far. Times are milliseconds since 1970. */
export interface FileState {
  /** Null while only version 1 has told of it. */
  readonly sessionId: string | null;
  readonly state: 'open' | 'closed';
  readonly openedAt: number | null;
  readonly closedAt: number | null;
  readonly size: number | null;
  readonly durationMs: number | null;
  /** Nobody has said that it was closed. */
  readonly assumed: boolean;
  readonly name: string;
  readonly title: string;
}
export type FileEvent = Extract<RecorderEvent, { kind: 'file-opening' | 'file-closed' }>;

export interface FileChange {
  readonly next: FileState;
  /** The file is finished now, and was not before: what waits for it begins, once. */
  readonly closed: boolean;
  readonly opened: boolean;
}

/**
 * What follows for a file from something told of it: in any order, twice, of either version. A file is finished once; what
 * comes later only makes its facts better. Undefined: nothing new. Pure.
 */
export function tellFile(file: FileState | undefined, event: FileEvent): FileChange | undefined {
  const { name, title } = event;
  if (event.kind === 'file-opening') {
    if (file && file.openedAt !== null && file.sessionId !== null) return undefined;
    const next: FileState = file
      ? { ...file, openedAt: event.openedAt, sessionId: event.sessionId }
      : {
          sessionId: event.sessionId,
          state: 'open',
          openedAt: event.openedAt,
          closedAt: null,
          size: null,
          durationMs: null,
          assumed: false,
          name,
          title,
        };
    return { next, closed: false, opened: file === undefined };
  }
  const known = file?.state === 'closed' && !file.assumed;
  // Version 1 has told of it, and version 2 knows more; the other way round there is nothing new.
  if (known && (event.durationMs === null || file.durationMs !== null)) return undefined;
  return {
    next: {
      sessionId: event.sessionId ?? file?.sessionId ?? null,
      state: 'closed',
      openedAt: event.openedAt ?? file?.openedAt ?? null,
      closedAt: event.closedAt,
      size: event.size,
      durationMs: event.durationMs ?? file?.durationMs ?? null,
      assumed: false,
      name,
      title,
    },
    closed: file?.state !== 'closed',
    opened: file === undefined,
  };
}

/** How long a close may be late after the end of its session: three attempts of a webhook, and more. Milliseconds. */
export const lateMs = 30_000;
/** A file of a recorder that says nothing at all is given up after this. Milliseconds. */
export const silentMs = 6 * 60 * 60_000;

/** What is known around a file that is still open. */
export interface OpenFile {
  /** When something was told of it last. */
  readonly seenAt: number;
  /** When its session ended, where that was told. */
  readonly sessionEndedAt: number | null;
  /** When a later session of the same room began: the recorder was killed in this one. */
  readonly laterSessionAt: number | null;
}

/** Why a close that never came is made up. `silent`: the file is given up, because nobody has told anything of it any more. */
export type WhyMissing = 'session-ended' | 'later-session' | 'silent';

export type OpenVerdict =
  | { readonly missing: true; readonly why: WhyMissing }
  /** Nothing can follow before then, unless something is told. Always later than now. */
  | { readonly missing: false; readonly lookAt: number };

/**
 * Whether the close of a file that is open is to be made up: the recorder was killed, or the webhook was lost on the way;
 * and if not, when it would be. Every file comes to an end: what nobody speaks of is given up. Pure.
 */
export function judgeOpen(now: number, { seenAt, sessionEndedAt, laterSessionAt }: OpenFile): OpenVerdict {
  const ends = [
    { why: 'session-ended' as const, at: sessionEndedAt === null ? Infinity : sessionEndedAt + lateMs },
    { why: 'later-session' as const, at: laterSessionAt === null ? Infinity : laterSessionAt + lateMs },
    { why: 'silent' as const, at: seenAt + silentMs },
  ];
  const due = ends.find(({ at }) => now >= at);
  if (due) return { missing: true, why: due.why };
  return { missing: false, lookAt: Math.min(...ends.map(({ at }) => at)) };
}
