import { z } from 'zod';

/**
 * BililiveRecorder's webhooks, read from its wire format (reference/recording.md, 1.1 and 1.2): what it says is a hint, comes
 * up to three times, in any order, or never.
 */
const when = z
  .string()
  .max(60)
  .refine((text) => Number.isFinite(Date.parse(text)), { message: 'no time' });
const path = z.string().min(1).max(2_000);
const Room = z.looseObject({
  RoomId: z.number().int(),
  ShortId: z.number().int().optional(),
  Name: z.string().max(1_000).optional(),
  Title: z.string().max(1_000).optional(),
});
const Session = Room.extend({ SessionId: z.guid() });
const File = Session.extend({ RelativePath: path, FileOpenTime: when.optional() });

const Envelope = z.looseObject({
  EventType: z.string().min(1).max(60),
  EventTimestamp: when,
  EventId: z.guid(),
  EventData: z.looseObject({}),
});
const V1 = z.looseObject({
  EventRandomId: z.guid(),
  RoomId: z.number().int(),
  Name: z.string().max(1_000).optional(),
  Title: z.string().max(1_000).optional(),
  RelativePath: path,
  FileSize: z.number().nonnegative(),
  StartRecordTime: when,
  EndRecordTime: when,
});

interface Common {
  /** The same on every retry. Lower case. */
  readonly eventId: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly roomId: number;
  readonly name: string;
  readonly title: string;
}
/** What a webhook says, of either version. */
export type RecorderEvent =
  | (Common & { readonly kind: 'stream-started' | 'stream-ended' })
  | (Common & { readonly kind: 'session-started' | 'session-ended'; readonly sessionId: string })
  | (Common & {
      readonly kind: 'file-opening';
      readonly sessionId: string;
      readonly path: string;
      readonly openedAt: number;
    })
  | (Common & {
      readonly kind: 'file-closed';
      /** Null: version 1 knows none. */
      readonly sessionId: string | null;
      readonly path: string;
      readonly openedAt: number | null;
      readonly closedAt: number;
      readonly size: number;
      /** Milliseconds of media; null in version 1. */
      readonly durationMs: number | null;
    });

export type ReadWebhook =
  | { readonly ok: true; readonly event: RecorderEvent }
  /** A kind that we don't know: receivers must overlook these. */
  | { readonly ok: true; readonly event: null }
  | { readonly ok: false; readonly reason: string };

/** Reads a webhook's body. Pure; never throws. */
export function readWebhook(body: unknown): ReadWebhook {
  const envelope = Envelope.safeParse(body);
  if (envelope.success) return readV2(envelope.data);
  const old = V1.safeParse(body);
  if (old.success) return { ok: true, event: readV1(old.data) };
  return { ok: false, reason: 'it has neither the fields of version 2 nor those of version 1' };
}

function readV2(envelope: z.infer<typeof Envelope>): ReadWebhook {
  const common = (data: z.infer<typeof Room>): Common => ({
    eventId: envelope.EventId.toLowerCase(),
    at: Date.parse(envelope.EventTimestamp),
    roomId: data.RoomId,
    name: data.Name ?? '',
    title: data.Title ?? '',
  });
  const { EventType: type, EventData: given } = envelope;
  switch (type) {
    case 'StreamStarted':
    case 'StreamEnded':
      return read(Room, given, (data) => ({
        ...common(data),
        kind: type === 'StreamStarted' ? 'stream-started' : 'stream-ended',
      }));
    case 'SessionStarted':
    case 'SessionEnded':
      return read(Session, given, (data) => ({
        ...common(data),
        kind: type === 'SessionStarted' ? 'session-started' : 'session-ended',
        sessionId: data.SessionId.toLowerCase(),
      }));
    case 'FileOpening':
      return read(File, given, (data) => ({
        ...common(data),
        kind: 'file-opening',
        sessionId: data.SessionId.toLowerCase(),
        path: samePath(data.RelativePath),
        openedAt: Date.parse(data.FileOpenTime ?? envelope.EventTimestamp),
      }));
    case 'FileClosed':
      return read(Closed, given, (data) => ({
        ...common(data),
        kind: 'file-closed',
        sessionId: data.SessionId.toLowerCase(),
        path: samePath(data.RelativePath),
        openedAt: data.FileOpenTime === undefined ? null : Date.parse(data.FileOpenTime),
        closedAt: Date.parse(data.FileCloseTime ?? envelope.EventTimestamp),
        size: data.FileSize,
        durationMs: Math.round(data.Duration * 1_000),
      }));
    default:
      return { ok: true, event: null };
  }
}

const Closed = File.extend({
  FileSize: z.number().nonnegative(),
  Duration: z.number().nonnegative(),
  FileCloseTime: when.optional(),
});

function read<Shape extends z.ZodType>(
  shape: Shape,
  data: unknown,
  event: (data: z.output<Shape>) => RecorderEvent,
): ReadWebhook {
  const parsed = shape.safeParse(data);
  if (parsed.success) return { ok: true, event: event(parsed.data) };
  const issue = parsed.error.issues[0];
  return { ok: false, reason: `${issue?.path.join('.') ?? 'EventData'}: ${issue?.message ?? 'unreadable'}` };
}

function readV1(data: z.infer<typeof V1>): RecorderEvent {
  return {
    kind: 'file-closed',
    eventId: data.EventRandomId.toLowerCase(),
    at: Date.parse(data.EndRecordTime),
    roomId: data.RoomId,
    name: data.Name ?? '',
    title: data.Title ?? '',
    sessionId: null,
    path: samePath(data.RelativePath),
    openedAt: Date.parse(data.StartRecordTime),
    closedAt: Date.parse(data.EndRecordTime),
    size: data.FileSize,
    durationMs: null,
  };
}

/** A recorder on Windows writes backslashes; the same file has one name. */
function samePath(text: string): string {
  return text.replaceAll('\\', '/');
}
