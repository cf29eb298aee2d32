import type { Reason } from '@backlot/contract';
import type { PlayerRole, SessionEnd } from '../contract.ts';

/**
 * The seam between two rooms of this half. `signalling/` knows sockets and Epic's messages and no SQL; `sessions/` and
 * `instances/` know rows and rules and no sockets. Either calls the other only by what stands here.
 *
 * Whatever is called may reject with a `BacklotError`; its sentence is for the person at the other end.
 */

/** Somebody has connected to `/signal/player/{app}`. */
export interface PlayerArrival {
  /** Slug from the path. */
  readonly app: string;
  /** Player or service ticket. */
  readonly ticket?: string;
  /** Session token of an earlier connection. */
  readonly session?: string;
  /** `viewer`: joins a session only to watch, whatever its ticket allows. Whoever opens one is in control of it. */
  readonly role?: PlayerRole;
  /** Session to watch, for viewers of an app that is open to anyone. */
  readonly sessionId?: string;
  /** Our own page, which understands `backlot.*` messages. */
  readonly extensions: boolean;
  readonly address: string | null;
  readonly userAgent: string | null;
}

/** How far a start has come, in the order in which it happens. */
export type StartStep = 'placing' | 'starting' | 'connecting';

/** Something that a player's page may want to show. Signalling turns it into messages, for those who opted in. */
export type PlayerUpdate =
  | {
      readonly kind: 'queued';
      /** From 1. */
      readonly position: number;
      readonly waitedMs: number;
      readonly estimateMs: number | null;
    }
  | { readonly kind: 'starting'; readonly step: StartStep; readonly reason: Reason | null }
  /** Its instance is there. From now on the player may be told of it (`config`, `streamerList`). */
  | { readonly kind: 'ready'; readonly instance: InstanceRef }
  /** Its instance is gone and another one is looked for. */
  | { readonly kind: 'unready' }
  | {
      readonly kind: 'role';
      readonly role: PlayerRole;
      readonly controllers: number;
      readonly viewers: number;
    }
  /** Somebody who watches asks for control. For the one in control. */
  | { readonly kind: 'control-wanted'; readonly by: string; readonly name: string }
  /** `endsInMs` null: it is off again. */
  | { readonly kind: 'warning'; readonly why: 'idle' | 'limit'; readonly endsInMs: number | null }
  /** A new session token; the old one goes on working until it expires. */
  | { readonly kind: 'token'; readonly token: string };

/** Where the instance is that a session has. Its streamer is found by the id. */
export interface InstanceRef {
  readonly instanceId: string;
  readonly relayOnly: boolean;
}

/** The socket of a player, as sessions see it. */
export interface PlayerConnection {
  notify(update: PlayerUpdate): void;
  /**
   * The end: says why, tells the streamer that the player is gone, and closes the socket. With `end` null only this
   * connection is over, because another one of the same player has taken its place.
   */
  close(end: { readonly reason: SessionEnd; readonly sentence: Reason } | null): void;
}

/** How a connection was lost: a close that the person meant, or a broken one that may come back. */
export type Departure = 'left' | 'broken';

/** One figure per row of the time series; what a browser doesn't know is null. */
export interface PlayerSample {
  readonly bitrateBps: number | null;
  readonly rttMs: number | null;
  readonly fps: number | null;
  /** 0..1 */
  readonly lostFraction: number | null;
  readonly jitterMs: number | null;
  readonly width: number | null;
  readonly height: number | null;
  readonly framesDropped: number | null;
  readonly relayed: boolean | null;
}

/** A player that was let in. */
export interface AttachedPlayer {
  /** `service`: a peer of our own, which belongs to no session. */
  readonly kind: 'player' | 'service';
  /** Null for service peers. */
  readonly sessionId: string | null;
  /** The player's id on Epic's wire; a decimal string, never used twice in an installation. */
  readonly playerId: string;
  readonly role: PlayerRole;
  readonly app: { readonly id: string; readonly slug: string; readonly name: string };
  /** For reconnecting; null for service peers. */
  readonly token: string | null;
  /** Set when it is there already; otherwise `ready` is notified. */
  readonly instance: InstanceRef | null;
  /** A sign of life of the person (input, not keepalive). Cheap; call it as often as it comes. */
  activity(): void;
  /** The picture runs: the answer was relayed and frames were reported. Cheap; call it as often as it is known. */
  media(): void;
  stats(sample: PlayerSample): void;
  /**
   * A viewer asks for control; whoever has it decides. When nobody has it, whoever's ticket allows control gets it.
   * @throws control_away, control_not_allowed, session_over
   */
  takeControl(): Promise<void>;
  /** The one in control gives it to another player of the session. */
  handOver(playerId: string): Promise<void>;
  /** The one in control ends the session. */
  end(): Promise<void>;
  /** The socket is gone. Called once. */
  detach(departure: Departure): void;
}

/** Sessions, as signalling sees them. */
export interface Sessions {
  /**
   * Lets a player in: opens a session (with a warm instance in the same transaction, else in the queue), joins one, or
   * brings it back. `connection.notify` may be called from then on, also before this resolves.
   *
   * @throws app_unknown, app_disabled, ticket_required, ticket_invalid, ticket_expired, ticket_used, ticket_foreign,
   *   session_over, session_full, queue_full, app_crash_loop
   */
  attach(arrival: PlayerArrival, connection: PlayerConnection): Promise<AttachedPlayer>;
}

/** The socket of a streamer, as instances see it. */
export interface StreamerConnection {
  /** Another socket of the same instance has taken its place, or the instance is over. */
  close(why: 'replaced' | 'ended'): void;
}

/** A streamer that was let in. */
export interface AttachedStreamer {
  readonly instanceId: string;
  readonly app: { readonly id: string; readonly slug: string };
  /** The streamer has said who it is and can take players: the instance becomes ready. Repeating it is harmless. */
  ready(): Promise<void>;
  /** The socket is gone. Called once. Media goes on; whether the instance is given up is for `instances` to say. */
  detach(): void;
}

/** Instances, as signalling sees them. */
export interface Instances {
  /**
   * A streamer has connected with its launch ticket. An earlier socket of the same instance is closed as replaced.
   *
   * @throws ticket_invalid, instance_over
   */
  attach(ticket: string, connection: StreamerConnection): Promise<AttachedStreamer>;
}

/** Signalling, as sessions and instances see it; they need it to act on sockets of all replicas. */
export interface Signalling {
  /** Whether a streamer's socket of this instance is open here. */
  hasStreamer(instanceId: string): boolean;
  /**
   * Tells the instance's streamer that all players of a session are gone (`playerDisconnected`), so that media ends
   * even where a player's socket was lost long ago.
   */
  forgetPlayers(instanceId: string, playerIds: readonly string[]): void;
}
