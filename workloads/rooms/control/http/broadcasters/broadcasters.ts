import { BacklotError } from '@backlot/contract';
import type { FastifyRequest } from 'fastify';
import { roomErrors } from '../../../contract/errors.ts';
import type { RtpCapabilities } from '../../../contract/media/rtp.ts';
import type { RoomEvent, Seat } from '../../ports.ts';
import { type GuestDeps, guestOf } from '../guest.ts';
import { openingProject } from '../opening-project.ts';

/** Which of the demo's two APIs a program speaks; they answer the same paths differently. */
export type BroadcasterDialect = '2024' | 'newest';

interface Known {
  readonly dialect: BroadcasterDialect;
  /** What it said about itself; the newer API has it tell the others only when it joins. */
  readonly device: Record<string, unknown>;
}

/** Programs in rooms that are steered by HTTP alone. */
export class Broadcasters {
  readonly #deps: GuestDeps;
  /** By room and identity. What was before a restart of the control plane is taken for the older dialect. */
  readonly #known = new Map<string, Known>();
  readonly #unsubscribe: () => void;

  constructor(deps: GuestDeps) {
    this.#deps = deps;
    this.#unsubscribe = deps.rooms.onEvent((event) => this.#heard(event));
  }

  /**
   * What a room's router can. Rooms of the older API were opened by the first who asked; so they are here, where anybody
   * may open rooms.
   */
  async capabilities(request: FastifyRequest, room: string): Promise<RtpCapabilities> {
    const seat = await this.#visit(request, room);
    try {
      return await seat.routerRtpCapabilities();
    } finally {
      await seat.leave('left');
    }
  }

  /** @throws participant_exists: two programs of one name would take turns putting each other out */
  async enter(
    request: FastifyRequest,
    room: string,
    identity: string,
    name: string,
    { dialect, device }: Known,
  ): Promise<Seat> {
    const { rooms } = this.#deps;
    const guest = await this.#authorize(request, room, identity);
    if (await this.#isThere(room, identity)) {
      throw new BacklotError(roomErrors.participant_exists, { params: { identity } });
    }
    const projectId = dialect === '2024' ? await openingProject(this.#deps, guest) : undefined;
    const seat = await rooms.enter({
      ...guest,
      room,
      identity,
      name: name || guest.name,
      via: 'api',
      ...(projectId === undefined ? {} : { createIn: { projectId } }),
    });
    this.#known.set(key(seat.roomId, identity), { dialect, device });
    return seat;
  }

  /** The seat of a program that is there; people with a socket can't be steered from here. @throws participant_not_found */
  async seat(request: FastifyRequest, room: string, identity: string): Promise<Seat> {
    const { rooms } = this.#deps;
    await this.#authorize(request, room, identity);
    const seat = await rooms.seat(room, identity);
    if (this.#known.has(key(seat.roomId, identity))) return seat;
    const { state } = await rooms.participant(room, identity);
    if (state === 'api') return seat;
    throw new BacklotError(roomErrors.participant_not_found, { params: { identity } });
  }

  dialectOf({ roomId, identity }: Seat): BroadcasterDialect {
    return this.#known.get(key(roomId, identity))?.dialect ?? '2024';
  }

  deviceOf({ roomId, identity }: Seat): Record<string, unknown> {
    return this.#known.get(key(roomId, identity))?.device ?? {};
  }

  async leave(seat: Seat): Promise<void> {
    this.#known.delete(key(seat.roomId, seat.identity));
    await seat.leave('left');
  }

  close(): void {
    this.#unsubscribe();
  }

  /** A token speaks for its own identity; a moderator's, and an account, for any program's. */
  async #authorize(request: FastifyRequest, room: string, identity: string) {
    const guest = await guestOf(this.#deps, request, room, identity);
    if (guest.claims && guest.identity !== identity && !guest.permissions.admin) {
      throw new BacklotError(roomErrors.room_forbidden, { params: { permission: 'admin' } });
    }
    return guest;
  }

  async #isThere(room: string, identity: string): Promise<boolean> {
    try {
      return !(await this.#deps.rooms.seat(room, identity)).closed;
    } catch (error) {
      if (error instanceof BacklotError && error.kind.status === 404) return false;
      throw error;
    }
  }

  /** A seat for one question, which nobody is told of. */
  async #visit(request: FastifyRequest, room: string): Promise<Seat> {
    const guest = await guestOf(this.#deps, request, room);
    const projectId = await openingProject(this.#deps, guest);
    return this.#deps.rooms.enter({
      ...guest,
      identity: `${guest.identity.slice(0, 100)}?${Math.trunc(this.#deps.kernel.clock.monotonic() * 1e3)}`,
      room,
      via: 'api',
      passesLobby: true,
      ...(projectId === undefined ? {} : { createIn: { projectId } }),
    });
  }

  #heard(event: RoomEvent): void {
    if (event.kind === 'participant.left') {
      this.#known.delete(key(event.room.id, event.participant.identity));
    } else if (event.kind === 'room.closed') {
      for (const known of this.#known.keys()) {
        if (known.startsWith(`${event.room.id} `)) this.#known.delete(known);
      }
    }
  }
}

const key = (roomId: string, identity: string) => `${roomId} ${identity}`;
