import type { ApiClient } from '@backlot/sdk';
import type { z } from 'zod';
import {
  ConsoleAnswer,
  type ConsoleRequest,
  LobbyList,
  MuteAnswer,
  ParticipantList,
  RoomPage,
  TokenAnswer,
  TrackList,
} from '../contract/api.ts';
import { Recording, RecordingPage } from '../contract/recording.ts';
import { type Participant, Room, type Track } from '../contract/room.ts';

/** The routes of rooms, as the commands need them. */
export class RoomsApi {
  readonly #client: ApiClient;
  readonly #signal: AbortSignal;

  constructor(client: ApiClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** Newest first. */
  async *list(query: { projectId?: string; state?: string }): AsyncGenerator<Room> {
    let cursor: string | undefined;
    do {
      const page = await this.#get('/api/v1/rooms', RoomPage, { ...query, cursor, limit: 100 });
      yield* page.items;
      cursor = page.next;
    } while (cursor !== undefined);
  }

  get(room: string): Promise<Room> {
    return this.#get(path(room), Room);
  }

  create(projectId: string, name: string, settings: Record<string, unknown>): Promise<Room> {
    return this.#send('POST', '/api/v1/rooms', Room, { projectId, name, settings });
  }

  async close(room: string): Promise<void> {
    await this.#client.transport.run('DELETE', path(room), { signal: this.#signal });
  }

  lock(room: string, locked: boolean): Promise<Room> {
    return this.#send('PUT', `${path(room)}/lock`, Room, { locked });
  }

  async participants(room: string): Promise<Participant[]> {
    return (await this.#get(`${path(room)}/participants`, ParticipantList)).items;
  }

  async tracks(room: string): Promise<Track[]> {
    return (await this.#get(`${path(room)}/tracks`, TrackList)).items;
  }

  async lobby(room: string) {
    return (await this.#get(`${path(room)}/lobby`, LobbyList)).items;
  }

  async admit(room: string, identity: string): Promise<void> {
    const where = `${path(room)}/lobby/${encodeURIComponent(identity)}/admit`;
    await this.#client.transport.run('POST', where, { signal: this.#signal });
  }

  token(room: string, request: Record<string, unknown>): Promise<z.infer<typeof TokenAnswer>> {
    return this.#send('POST', `${path(room)}/tokens`, TokenAnswer, request);
  }

  async kick(room: string, identity: string, reason: string | undefined): Promise<void> {
    const where = `${path(room)}/participants/${encodeURIComponent(identity)}`;
    await this.#client.transport.run('DELETE', where, { query: { reason }, signal: this.#signal });
  }

  async mute(
    room: string,
    identity: string | undefined,
    request: Record<string, unknown>,
  ): Promise<string[]> {
    const where = identity === undefined ? '' : `/participants/${encodeURIComponent(identity)}`;
    return (await this.#send('POST', `${path(room)}${where}/mute`, MuteAnswer, request)).trackIds;
  }

  record(room: string, request: Record<string, unknown>): Promise<Recording> {
    return this.#send('POST', `${path(room)}/recordings`, Recording, request);
  }

  async recordings(room: string): Promise<Recording[]> {
    return (await this.#get(`${path(room)}/recordings`, RecordingPage, { limit: 100 })).items;
  }

  stopRecording(room: string, recording: string): Promise<Recording> {
    return this.#send('POST', `${path(room)}/recordings/${recording}/stop`, Recording, {});
  }

  console(request: ConsoleRequest): Promise<ConsoleAnswer> {
    return this.#send('POST', '/api/v1/rooms/console', ConsoleAnswer, request);
  }

  #get<S extends z.ZodType>(url: string, schema: S, query: Record<string, string | number | undefined> = {}) {
    return this.#client.transport.call('GET', url, schema, { query, signal: this.#signal });
  }

  #send<S extends z.ZodType>(method: 'POST' | 'PUT', url: string, schema: S, json?: unknown) {
    return this.#client.transport.call(method, url, schema, {
      signal: this.#signal,
      ...(json === undefined ? {} : { json }),
    });
  }
}

const path = (room: string) => `/api/v1/rooms/${encodeURIComponent(room)}`;
