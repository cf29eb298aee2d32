/**
 * What Backlot says to its own players beside Epic's messages, on the same socket. The server sends these only to a
 * player that opted in (`?extensions=1`); every field is checked here, because a page must survive a newer server.
 * The same shapes as `workloads/streams/contract/wire.ts`, where a test holds the two together.
 */
export type StreamRole = 'controller' | 'viewer';

export type ServerNotice =
  | {
      readonly type: 'backlot.session';
      readonly sessionId: string | null;
      readonly playerId: string;
      /** Takes the same session up again after a broken connection; null where there is no coming back. */
      readonly token: string | null;
      readonly role: StreamRole;
    }
  | {
      readonly type: 'backlot.queued';
      /** 1 is next. */
      readonly position: number;
      readonly waitedMs: number;
      /** Null: nobody can tell. */
      readonly estimateMs: number | null;
    }
  | {
      readonly type: 'backlot.starting';
      /** A stable word: `placing`, `starting`, `connecting`. */
      readonly step: string;
    }
  /** `stream` names what is sent; with it a player whose media is alive comes back without a new offer. */
  | { readonly type: 'backlot.ready'; readonly stream: string }
  | {
      readonly type: 'backlot.role';
      readonly role: StreamRole;
      readonly controllers: number;
      readonly viewers: number;
    }
  /** Another player of the session would like to control. Only the one in control is told. */
  | { readonly type: 'backlot.controlWanted'; readonly by: string; readonly name: string }
  | {
      readonly type: 'backlot.warning';
      readonly why: 'idle' | 'limit';
      /** Null takes the warning back. */
      readonly endsInMs: number | null;
    }
  | {
      readonly type: 'backlot.ended';
      readonly reason: string;
      /** From the catalogue of errors; never changes. */
      readonly code: string;
      readonly message: string;
    }
  /** Something that was asked for is refused; when it was to be let in, a close follows. */
  | { readonly type: 'backlot.refused'; readonly code: string; readonly message: string };

/** One report of how the stream arrives. What a browser does not tell is null. */
export interface StatsReport {
  readonly bitrateBps: number | null;
  readonly rttMs: number | null;
  readonly fps: number | null;
  /** Of the packets since the last report, 0 to 1. */
  readonly lostFraction: number | null;
  readonly jitterMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly framesDecoded: number | null;
  readonly framesDropped: number | null;
  /** Over a TURN server. */
  readonly relayed: boolean | null;
}

/** What our player says to the server. */
export type PlayerNotice =
  | { readonly type: 'backlot.activity' }
  | ({ readonly type: 'backlot.stats' } & StatsReport)
  | { readonly type: 'backlot.takeControl' }
  | { readonly type: 'backlot.handOver'; readonly to: string }
  | { readonly type: 'backlot.end' };

/**
 * A message from the server as a notice of ours, or undefined when it is none: Epic's messages, notices of a newer
 * server, and anything misshapen. Missing optional fields are filled in.
 */
export function readNotice(message: unknown): ServerNotice | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const of = new Map<string, unknown>(Object.entries(message));
  switch (of.get('type')) {
    case 'backlot.session': {
      const playerId = textOf(of.get('playerId'));
      if (playerId === null) return undefined;
      return {
        type: 'backlot.session',
        sessionId: textOf(of.get('sessionId')),
        playerId,
        token: textOf(of.get('token')),
        role: roleOf(of.get('role')),
      };
    }
    case 'backlot.queued': {
      const position = amountOf(of.get('position'));
      if (position === null) return undefined;
      return {
        type: 'backlot.queued',
        position,
        waitedMs: amountOf(of.get('waitedMs')) ?? 0,
        estimateMs: amountOf(of.get('estimateMs')),
      };
    }
    case 'backlot.starting': {
      const step = textOf(of.get('step'));
      return step === null ? undefined : { type: 'backlot.starting', step };
    }
    case 'backlot.ready': {
      const stream = textOf(of.get('stream'));
      return stream === null ? undefined : { type: 'backlot.ready', stream };
    }
    case 'backlot.role':
      return {
        type: 'backlot.role',
        role: roleOf(of.get('role')),
        controllers: amountOf(of.get('controllers')) ?? 0,
        viewers: amountOf(of.get('viewers')) ?? 0,
      };
    case 'backlot.controlWanted': {
      const by = textOf(of.get('by'));
      return by === null
        ? undefined
        : { type: 'backlot.controlWanted', by, name: textOf(of.get('name')) ?? '' };
    }
    case 'backlot.warning': {
      const why = of.get('why');
      if (why !== 'idle' && why !== 'limit') return undefined;
      return { type: 'backlot.warning', why, endsInMs: amountOf(of.get('endsInMs')) };
    }
    case 'backlot.ended':
      return {
        type: 'backlot.ended',
        reason: textOf(of.get('reason')) ?? 'error',
        code: textOf(of.get('code')) ?? 'unknown',
        message: textOf(of.get('message')) ?? '',
      };
    case 'backlot.refused':
      return {
        type: 'backlot.refused',
        code: textOf(of.get('code')) ?? 'unknown',
        message: textOf(of.get('message')) ?? '',
      };
    default:
      return undefined;
  }
}

function roleOf(value: unknown): StreamRole {
  return value === 'viewer' ? 'viewer' : 'controller';
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** A number that counts or measures something: finite and not below zero. */
function amountOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}
