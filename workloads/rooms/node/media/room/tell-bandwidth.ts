import type { Clock } from '@backlot/contract';
import type { types } from 'mediasoup';
import type { EventLog } from './event-log.ts';

/** What of mediasoup's trace is passed on, bits per second; it declares the whole as unknown. */
interface Estimate {
  readonly desiredBitrate: number;
  readonly effectiveDesiredBitrate: number;
  readonly availableBitrate: number;
}

/** Milliseconds between two reports of one transport; the worker makes many more. */
const everyMs = 1_000;

/** Has a transport's estimate of what its receiver can take told as `downlinkBwe`: the demo of 2024 shows it. */
export async function tellBandwidth(
  { events, clock }: { readonly events: EventLog; readonly clock: Clock },
  owner: string,
  transport: types.WebRtcTransport,
): Promise<void> {
  let last = Number.NEGATIVE_INFINITY;
  transport.on('trace', (trace) => {
    if (trace.type !== 'bwe' || trace.direction !== 'out') return;
    const now = clock.monotonic();
    if (now - last < everyMs) return;
    last = now;
    const { desiredBitrate, effectiveDesiredBitrate, availableBitrate } = trace.info as Estimate;
    events.tell({
      event: 'downlinkBwe',
      owner,
      transportId: transport.id,
      desiredBitrate,
      effectiveDesiredBitrate,
      availableBitrate,
    });
  });
  await transport.enableTraceEvent(['bwe']);
}
