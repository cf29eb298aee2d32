import type { Language } from '@backlot/contract';
import { z } from 'zod';
import type { Permissions, Role, TrackSource } from '../../contract/grants.ts';
import type { MediaEvent } from '../../contract/media/events.ts';
import { RtpCapabilities } from '../../contract/media/rtp.ts';
import type { SeatListener } from '../ports.ts';

/** A track that somebody publishes. */
export interface OwnTrack {
  readonly id: string;
  readonly owner: string;
  readonly transportId: string;
  readonly kind: 'audio' | 'video';
  readonly source: TrackSource;
  readonly type: string;
  /** Such as `VP8`. */
  readonly codec: string;
  readonly appData: Readonly<Record<string, unknown>>;
  paused: boolean;
  /** By a moderator. */
  muted: boolean;
}

export interface OwnTransport {
  readonly id: string;
  readonly type: 'webrtc' | 'plain';
  readonly direction: 'producer' | 'consumer';
}

export interface OwnConsumer {
  readonly id: string;
  readonly producerId: string;
  readonly transportId: string;
}

export interface OwnDataProducer {
  readonly id: string;
  readonly transportId: string;
  readonly label: string;
  readonly protocol: string;
  readonly appData: Readonly<Record<string, unknown>>;
}

export interface OwnDataConsumer {
  readonly id: string;
  readonly dataProducerId: string;
  readonly transportId: string;
}

/** What must survive a restart of the control plane about somebody, beside name and rights. Stored as JSON. */
export const SeatMemory = z.object({
  rtpCapabilities: RtpCapabilities.nullable().default(null),
  data: z.boolean().default(false),
  replicas: z.number().int().min(0).default(0),
  /** Tracks that a moderator has muted. */
  muted: z.array(z.string()).default([]),
  /** Producers that it asked for or against. */
  asked: z.array(z.tuple([z.string(), z.enum(['in', 'out'])])).default([]),
  /** Its client can resume. */
  resumable: z.boolean().default(false),
  language: z.enum(['en', 'zh-CN']).default('en'),
  /** Whose seat it is, where that is not its identity: players by HTTP have an identity for each of their sessions. */
  person: z.string().nullable().default(null),
});
export type SeatMemory = z.infer<typeof SeatMemory>;

/**
 * One participant of one room: who it is, what it may, and what it has in the media host. Only data; what happens to it is
 * in the files beside this one. Changed by its `LiveRoom` alone.
 */
export class Member {
  readonly identity: string;
  readonly via: 'signalling' | 'api';
  readonly tokenId: string | null;
  readonly language: Language;
  readonly sessionHash: string | null;
  readonly joinedAt: Date;
  name: string;
  role: Role;
  permissions: Permissions;
  metadata: string;
  device: Record<string, unknown> = {};
  listener: SeatListener | null;
  /** Announced to others, or hidden on purpose; false before `join` and in the lobby. */
  joined = false;
  waiting = false;
  ended = false;
  /** Others have been told. */
  announced = false;
  /** Its signalling is gone for the moment. */
  away = false;
  rtpCapabilities: RtpCapabilities | null = null;
  /** Takes data channels. */
  data = false;
  /** Further consumers of every track, for load tests. */
  replicas = 0;
  resumable = false;
  /** When its socket came, as a number that only grows. */
  arrival: number | undefined;
  /** Whose seat this is. Several seats can be one person's: what is done to a person is done to all of them. */
  person: string;
  readonly asked = new Map<string, 'in' | 'out'>();
  readonly transports = new Map<string, OwnTransport>();
  readonly tracks = new Map<string, OwnTrack>();
  readonly consumers = new Map<string, OwnConsumer>();
  readonly dataProducers = new Map<string, OwnDataProducer>();
  readonly dataConsumers = new Map<string, OwnDataConsumer>();
  /** Tracks that a moderator had muted when they were lost: what comes in their place is muted too. */
  readonly mutedLost = new Set<string>();
  /** Producers (and data producers) for which a consumer is being made. */
  readonly offering = new Set<string>();
  /** What the host told of objects whose answers are still on their way, by their ids: events may overtake answers. */
  readonly early = new Map<string, MediaEvent[]>();
  /** Calls that make something in the host and are not answered yet. */
  making = 0;
  /** Tracks among them. */
  publishing = 0;

  constructor(from: {
    identity: string;
    person?: string | null;
    name: string;
    role: Role;
    permissions: Permissions;
    metadata: string;
    via: 'signalling' | 'api';
    tokenId: string | null;
    language: Language;
    sessionHash: string | null;
    joinedAt: Date;
    listener: SeatListener | null;
  }) {
    this.identity = from.identity;
    this.person = from.person ?? from.identity;
    this.name = from.name;
    this.role = from.role;
    this.permissions = from.permissions;
    this.metadata = from.metadata;
    this.via = from.via;
    this.tokenId = from.tokenId;
    this.language = from.language;
    this.sessionHash = from.sessionHash;
    this.joinedAt = from.joinedAt;
    this.listener = from.listener;
  }

  /** The transport on which it receives. */
  get receiving(): OwnTransport | undefined {
    for (const transport of this.transports.values())
      if (transport.direction === 'consumer') return transport;
    return undefined;
  }

  /** Whether a consumer of this producer is there or on its way. */
  has(producerId: string): boolean {
    if (this.offering.has(producerId)) return true;
    for (const consumer of this.consumers.values()) if (consumer.producerId === producerId) return true;
    return false;
  }

  hasData(dataProducerId: string): boolean {
    if (this.offering.has(dataProducerId)) return true;
    for (const one of this.dataConsumers.values()) if (one.dataProducerId === dataProducerId) return true;
    return false;
  }

  /** Forgets what was on a transport that is no more; answers the tracks that ended with it. */
  forgetTransport(id: string): OwnTrack[] {
    this.transports.delete(id);
    const ended = [...this.tracks.values()].filter((track) => track.transportId === id);
    for (const track of ended) this.tracks.delete(track.id);
    for (const map of [this.consumers, this.dataProducers, this.dataConsumers]) {
      for (const one of [...map.values()]) if (one.transportId === id) map.delete(one.id);
    }
    return ended;
  }

  memory(): SeatMemory {
    return {
      rtpCapabilities: this.rtpCapabilities,
      data: this.data,
      replicas: this.replicas,
      muted: [...this.tracks.values()].filter(({ muted }) => muted).map(({ id }) => id),
      asked: [...this.asked],
      resumable: this.resumable,
      language: this.language,
      person: this.person === this.identity ? null : this.person,
    };
  }

  recall(memory: SeatMemory): void {
    this.rtpCapabilities = memory.rtpCapabilities;
    this.data = memory.data;
    this.replicas = memory.replicas;
    this.resumable = memory.resumable;
    for (const [id, how] of memory.asked) this.asked.set(id, how);
  }
}
