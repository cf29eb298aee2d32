import type { Permissions, Role } from './state.ts';

type Request = (method: string, data: object) => Promise<unknown>;

/** What those with the permission `admin` may do. Each is refused (`RoomError`, `refused`) to everybody else. */
export class Moderation {
  readonly #request: Request;

  constructor(request: Request) {
    this.#request = request;
  }

  /** Puts somebody out; with `revoke` (the default) the tokens they have don't let them in again. */
  async kick(identity: string, options: { reason?: string; revoke?: boolean } = {}): Promise<void> {
    await this.#request('kickPeer', { peerId: identity, ...options });
  }

  /** Mutes tracks of somebody; they can't unmute them themselves until `muted: false`. */
  async mute(
    identity: string,
    what: { readonly trackId?: string; readonly kind?: 'audio' | 'video'; readonly muted?: boolean } = {},
  ): Promise<void> {
    const { trackId, kind, muted = true } = what;
    await this.#request('mutePeer', {
      peerId: identity,
      muted,
      ...(trackId === undefined ? {} : { producerId: trackId }),
      ...(kind === undefined ? {} : { kind }),
    });
  }

  /** All sound (or pictures) of everybody who is no moderator. */
  async muteAll(kind: 'audio' | 'video' = 'audio'): Promise<void> {
    await this.#request('muteAll', { kind });
  }

  async lock(locked: boolean): Promise<void> {
    await this.#request('lockRoom', { locked });
  }

  async lobby(enabled: boolean): Promise<void> {
    await this.#request('setLobby', { enabled });
  }

  async admit(identity: string): Promise<void> {
    await this.#request('admitPeer', { peerId: identity });
  }

  async deny(identity: string, reason?: string): Promise<void> {
    await this.#request('denyPeer', { peerId: identity, ...(reason === undefined ? {} : { reason }) });
  }

  async setPermissions(identity: string, permissions: Partial<Permissions>): Promise<void> {
    await this.#request('setPermissions', { peerId: identity, permissions });
  }

  async setRole(identity: string, role: Role): Promise<void> {
    await this.#request('setRole', { peerId: identity, role });
  }

  /** Sends somebody to another room, where they have the same rights. */
  async move(identity: string, room: string): Promise<void> {
    await this.#request('movePeer', { peerId: identity, roomId: room });
  }
}
