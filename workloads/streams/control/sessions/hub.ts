import type { Reason } from '@backlot/contract';
import type { Logger } from 'pino';
import type { PlayerRole, SessionEnd } from '../../contract.ts';
import type { PlayerConnection, PlayerUpdate } from '../ports.ts';

/** A player that is connected to this process. */
export interface Member {
  readonly sessionId: string;
  /** Empty until its row is written. */
  playerId: string;
  role: PlayerRole;
  readonly subject: string;
  readonly connection: PlayerConnection;
}

/**
 * Who is connected to which session, in memory. It only carries words to people; what they say is decided from the
 * database, so that losing all of it costs a reconnect and nothing else.
 */
export class Hub {
  readonly #log: Logger;
  readonly #sessions = new Map<string, Set<Member>>();
  /** Sessions whose person in control did something since the last look. */
  readonly #active = new Set<string>();
  /** Players whose return is being written: the loss of their earlier connection is no news any more. */
  readonly returning = new Set<string>();
  /** What was last told of waiting, so that it is not said twice. */
  readonly #told = new Map<string, string>();

  constructor(log: Logger) {
    this.#log = log;
  }

  get players(): number {
    let sum = 0;
    for (const members of this.#sessions.values()) sum += members.size;
    return sum;
  }

  has(sessionId: string): boolean {
    return this.#sessions.has(sessionId);
  }

  members(sessionId: string): readonly Member[] {
    return [...(this.#sessions.get(sessionId) ?? [])];
  }

  /** The ids of all players that are connected here, and of their sessions. */
  everybody(): { readonly players: string[]; readonly sessions: string[] } {
    const members = [...this.#sessions.values()].flatMap((set) => [...set]);
    return {
      players: members.flatMap(({ playerId }) => (playerId === '' ? [] : [playerId])),
      sessions: [...this.#sessions.keys()],
    };
  }

  add(member: Member): void {
    const members = this.#sessions.get(member.sessionId) ?? new Set<Member>();
    this.#sessions.set(member.sessionId, members);
    members.add(member);
  }

  /** False when it was not here any more. */
  remove(member: Member): boolean {
    const members = this.#sessions.get(member.sessionId);
    if (!members?.delete(member)) return false;
    if (members.size === 0) {
      this.#sessions.delete(member.sessionId);
      this.#told.delete(member.sessionId);
      this.#active.delete(member.sessionId);
    }
    return true;
  }

  /** Takes the place of an earlier connection of the same player. */
  replace(member: Member): void {
    for (const earlier of this.members(member.sessionId)) {
      if (earlier === member || earlier.playerId !== member.playerId) continue;
      this.remove(earlier);
      this.#safely(() => earlier.connection.close(null));
    }
  }

  notify(sessionId: string, update: PlayerUpdate, to?: (member: Member) => boolean): void {
    for (const member of this.members(sessionId)) {
      if (to?.(member) === false) continue;
      this.#safely(() => member.connection.notify(update));
    }
  }

  /** The same as `notify`, unless it is what was told last. */
  notifyWaiting(sessionId: string, update: PlayerUpdate, repeat: boolean): void {
    const said = JSON.stringify({ ...update, waitedMs: 0, estimateMs: 0 });
    if (!repeat && this.#told.get(sessionId) === said) return;
    if (!this.has(sessionId)) return;
    this.#told.set(sessionId, said);
    this.notify(sessionId, update);
  }

  /** Everybody of a session is told of its end. Answers the ids of those who were here. */
  close(sessionId: string, end: { readonly reason: SessionEnd; readonly sentence: Reason }): string[] {
    const members = this.members(sessionId);
    for (const member of members) {
      this.remove(member);
      this.#safely(() => member.connection.close(end));
    }
    return members.map(({ playerId }) => playerId);
  }

  /** One player is told of the end. */
  closePlayer(
    sessionId: string,
    playerId: string,
    end: { readonly reason: SessionEnd; readonly sentence: Reason },
  ): void {
    for (const member of this.members(sessionId)) {
      if (member.playerId !== playerId) continue;
      this.remove(member);
      this.#safely(() => member.connection.close(end));
    }
  }

  /** Tells all members of a session what they are, and who else is there. */
  tellRoles(sessionId: string): void {
    const members = this.members(sessionId);
    const controllers = members.filter(({ role }) => role === 'controller').length;
    const viewers = members.length - controllers;
    for (const member of members)
      this.#safely(() => member.connection.notify({ kind: 'role', role: member.role, controllers, viewers }));
  }

  active(sessionId: string): void {
    this.#active.add(sessionId);
  }

  /** The sessions with signs of life since the last call. */
  takeActive(): string[] {
    const ids = [...this.#active];
    this.#active.clear();
    return ids;
  }

  /** A connection that throws must not keep the others from being told. */
  #safely(tell: () => void): void {
    try {
      tell();
    } catch (error) {
      this.#log.error({ err: error }, 'a player could not be told');
    }
  }
}
