import { randomUUID } from 'node:crypto';
import {
  type MediaMethod,
  type MediaPayload,
  MediaReply,
  type MediaResult,
  mediaMethodName,
} from '../contract/media/calls.ts';
import type { MediaEvent } from '../contract/media/events.ts';
import type { ShardSettings } from '../contract/media/settings.ts';
import type { MediaHost } from '../node/media/media-host.ts';
import { tapPath } from '../node/record/tap-protocol.ts';

/** A room's place in a host of this process, as control sees it: calls, and the events that came. */
export interface Shard {
  readonly allocation: string;
  readonly events: readonly MediaEvent[];
  /** Calls and expects success. */
  call<M extends MediaMethod>(method: M, payload: MediaPayload<M>): Promise<MediaResult<M>>;
  /** Calls and gives the answer, whatever it is; takes nonsense too. */
  ask(method: string, payload: unknown): Promise<MediaReply>;
  close(): Promise<void>;
}

export async function openShard(host: MediaHost, settings: ShardSettings): Promise<Shard> {
  const allocation = randomUUID();
  const ending = new AbortController();
  const events: MediaEvent[] = [];
  const running = host.start({
    id: allocation,
    input: { roomId: randomUUID(), name: 'test', settings, tap: tapPath(allocation) },
    workDir: '',
    inputsDir: '',
    signal: ending.signal,
    progress: () => {},
    report: async () => {},
    disk: () => 'ok',
    notify: (_method, event) => events.push(event as MediaEvent),
  });
  const ask = async (method: string, payload: unknown) =>
    MediaReply.parse(
      JSON.parse(JSON.stringify(await host.call({ id: allocation }, method, payload))) as unknown,
    );
  // Asked before its home is there, a room waits for it.
  await host.rooms.get(allocation)?.sites.home();
  return {
    allocation,
    events,
    ask,
    async call(method, payload) {
      const reply = await ask(mediaMethodName(method), payload);
      if (!reply.ok) throw new Error(`${method}: ${reply.code}: ${reply.message}`);
      return reply.data as never;
    },
    async close() {
      ending.abort();
      await running.catch(() => {});
    },
  };
}
