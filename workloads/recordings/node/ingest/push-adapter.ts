import {
  type Liveness,
  type SourceAdapter,
  type SourceConnection,
  SourceRefused,
  type SourceSpecLike,
} from '../source-port.ts';
import type { PushDesk } from './push-desk.ts';

/** How long `open` waits for a publisher who was cut off and comes back. Milliseconds. */
const returnMs = 8_000;

/** Sources that come to us: whoever publishes with the channel's key to this node's ingest. */
export function pushAdapter(desk: PushDesk): SourceAdapter {
  return {
    kinds: ['push'],
    async awaitLive(spec, { signal }): Promise<Liveness> {
      const key = keyOf(spec);
      const leave = desk.expect(key);
      try {
        await desk.arrival(key, signal);
        return { state: 'live' };
      } finally {
        leave();
      }
    },
    openMs: returnMs + 2_000,
    async open(spec, { signal, clock }): Promise<SourceConnection> {
      const key = keyOf(spec);
      const leave = desk.expect(key);
      const patience = new AbortController();
      const cancel = clock.after(returnMs, () => patience.abort());
      try {
        await desk.arrival(key, AbortSignal.any([signal, patience.signal])).catch(() => {
          signal.throwIfAborted();
          throw new SourceRefused('offline', 'no_publisher');
        });
        const publisher = desk.take(key);
        if (!publisher) throw new SourceRefused('offline', 'publisher_gone');
        return {
          container: 'flv',
          facts: { address: publisher.address },
          start(sink) {
            publisher.start({
              data: (chunk) => sink.data(chunk),
              mark: (mark) => sink.mark(mark),
              end(end) {
                leave();
                sink.end(end);
              },
            });
          },
          close() {
            leave();
            publisher.close();
          },
        };
      } catch (error) {
        leave();
        throw error;
      } finally {
        cancel();
      }
    },
  };
}

function keyOf(spec: SourceSpecLike): string {
  const key = 'key' in spec ? spec.key : undefined;
  if (typeof key !== 'string' || key.length < 8) throw new SourceRefused('unusable', 'key_short');
  return key;
}
