import { BacklotError } from '@backlot/contract';
import type { ConsoleAnswer, ConsoleKind, ConsoleRequest } from '../../contract/api.ts';
import { roomHttpErrors } from '../../contract/http-errors.ts';
import type { RoomDescription } from '../../contract/media/calls.ts';
import type { MediaHosts, Shard } from './media-hosts.ts';

/** Ids that are offered for completion. */
const mostIds = 500;

type Answer = ConsoleAnswer['nodes'][number];

/** What the commands of `backlot console` do, over all nodes at once. */
export class ConsoleService {
  readonly #hosts: MediaHosts;

  constructor(hosts: MediaHosts) {
    this.#hosts = hosts;
  }

  /** @throws media_object_unknown */
  async run(request: ConsoleRequest): Promise<ConsoleAnswer> {
    switch (request.command) {
      case 'usage':
        return this.#everywhere((shard) => this.#hosts.call(shard, 'usage', {}));
      case 'rooms':
        return this.#everywhere(async (shard) => (await this.#hosts.call(shard, 'usage', {})).rooms);
      case 'logLevel':
        return this.#everywhere(async (shard) => {
          await this.#hosts.call(shard, 'logLevel', { level: request.level });
          return { level: request.level };
        });
      case 'logTags':
        return this.#everywhere(async (shard) => {
          await this.#hosts.call(shard, 'logTags', { tags: request.tags });
          return { tags: request.tags };
        });
      case 'ids':
        return this.#ids(request.kind);
      case 'dump':
        return this.#dump(request.kind, request.id);
      case 'stats':
        return this.#stats(request.kind, request.id);
    }
  }

  /** Asks each host once. One that doesn't answer is named, and the others are answered all the same. */
  async #everywhere(ask: (shard: Shard) => Promise<unknown>): Promise<ConsoleAnswer> {
    const hosts = await this.#hosts.hosts();
    return { nodes: await Promise.all(hosts.map((shard) => answerOf(shard, ask))) };
  }

  async #dump(kind: ConsoleKind, id: string | undefined): Promise<ConsoleAnswer> {
    const wholeHost = kind === 'worker' || kind === 'webRtcServer';
    if (wholeHost && id === undefined) {
      return this.#everywhere((shard) => this.#hosts.call(shard, 'dump', { kind }));
    }
    const shards = wholeHost ? await this.#hosts.hosts() : await this.#hosts.shards();
    return this.#first(kind, id, shards, async (shard) => {
      const dumps = await this.#hosts.call(shard, 'dump', { kind, ...(id === undefined ? {} : { id }) });
      // Without an id it is the newest one, as in mediasoup-demo: the last of the newest room that has any.
      return dumps.at(-1);
    });
  }

  async #stats(
    kind: Extract<ConsoleRequest, { command: 'stats' }>['kind'],
    id: string | undefined,
  ): Promise<ConsoleAnswer> {
    return this.#first(kind, id, await this.#hosts.shards(), async (shard) => {
      const wanted = id ?? idsOf(await this.#hosts.call(shard, 'describe', {}), kind).at(-1);
      if (wanted === undefined) return undefined;
      return { id: wanted, stats: await this.#hosts.call(shard, 'stats', { kind, id: wanted }) };
    });
  }

  async #ids(kind: ConsoleKind): Promise<ConsoleAnswer> {
    const nodes: Answer[] = [];
    let left = mostIds;
    for (const shard of await this.#hosts.shards()) {
      if (left <= 0) break;
      const ids = await this.#idsIn(shard, kind).catch(() => []);
      const shown = ids.slice(-left);
      left -= shown.length;
      if (shown.length > 0) nodes.push({ ...nameOf(shard), data: shown, error: null });
    }
    return { nodes };
  }

  async #idsIn(shard: Shard, kind: ConsoleKind): Promise<string[]> {
    if (kind === 'worker' || kind === 'webRtcServer' || kind === 'router') {
      const dumps = await this.#hosts.call(shard, 'dump', { kind });
      return dumps.flatMap(({ id, pid }) => id ?? pid ?? []).map(String);
    }
    return idsOf(await this.#hosts.call(shard, 'describe', {}), kind);
  }

  /** Looks through the rooms, newest first, until one has it. */
  async #first(
    kind: ConsoleKind,
    id: string | undefined,
    shards: readonly Shard[],
    look: (shard: Shard) => Promise<unknown>,
  ): Promise<ConsoleAnswer> {
    for (const shard of shards) {
      const answer = await answerOf(shard, look);
      if (answer.error === null && answer.data !== undefined) return { nodes: [answer] };
    }
    throw new BacklotError(roomHttpErrors.media_object_unknown, { params: { kind, id: id ?? '' } });
  }
}

function idsOf(room: RoomDescription, kind: ConsoleKind): string[] {
  switch (kind) {
    case 'transport':
      return room.transports.map(({ transportId }) => transportId);
    case 'producer':
      return room.producers.map(({ producerId }) => producerId);
    case 'consumer':
      return room.consumers.map(({ consumerId }) => consumerId);
    case 'dataProducer':
      return room.dataProducers.map(({ dataProducerId }) => dataProducerId);
    case 'dataConsumer':
      return room.dataConsumers.map(({ dataConsumerId }) => dataConsumerId);
    default:
      return [];
  }
}

const nameOf = ({ nodeId, nodeName }: Shard) => ({ nodeId, nodeName });

async function answerOf(shard: Shard, ask: (shard: Shard) => Promise<unknown>): Promise<Answer> {
  try {
    return { ...nameOf(shard), data: await ask(shard), error: null };
  } catch (error) {
    return { ...nameOf(shard), data: null, error: error instanceof Error ? error.message : String(error) };
  }
}
