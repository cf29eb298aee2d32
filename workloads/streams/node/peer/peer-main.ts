import { systemClock } from '@backlot/contract/clock';
import { PeerRequest, type PeerResult, peerVariable } from './request.ts';

/**
 * The peer: one errand, one line of JSON, the end. A program of its own, because WebRTC's native code must never be able
 * to take an agent with it.
 */
const request = PeerRequest.parse(JSON.parse(process.env[peerVariable] ?? 'null'));
const begun = performance.now();
const ms = () => Math.round(performance.now() - begun);

/** A clock whose timers keep this process alive until its errand is done. */
const clock = {
  ...systemClock,
  after(delay: number, callback: () => void) {
    const timer = setTimeout(callback, delay);
    return () => clearTimeout(timer);
  },
};

async function run(): Promise<PeerResult> {
  try {
    // Here and not above: where the native library is missing, that is an answer and not a crash.
    const { runErrand } = await import('./errands.ts');
    return { ...(await runErrand(request, clock)), ms: ms() };
  } catch (error) {
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, 500);
    return { ok: false, ms: ms(), fault: 'no_webrtc', detail };
  }
}

const result = await run();
// Native threads would keep the process; the line has to be out before it ends.
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
