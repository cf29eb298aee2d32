import { programFile, type RunCommand } from '@backlot/node/workload';
import { type PeerRequest, PeerResult, peerVariable } from './request.ts';

/** The peer's program. */
export const peerProgram = programFile(import.meta.url, './peer-main');

/** A process and its libraries take a moment to start; its own deadline counts from then. */
const startMs = 15_000;

/** Sends the peer on an errand. Never throws for what went wrong with the errand: that is in the result. */
export async function runPeer(
  run: RunCommand,
  request: PeerRequest,
  options: { readonly cwd: string; readonly signal?: AbortSignal },
): Promise<PeerResult> {
  const result = await run([process.execPath, '--max-old-space-size=256', '--no-warnings', peerProgram], {
    timeoutMs: request.deadlineMs + startMs,
    cwd: options.cwd,
    env: { [peerVariable]: JSON.stringify(request) },
    maxOutput: 64 * 1024,
    ...(options.signal ? { signal: options.signal } : {}),
  });
  try {
    return PeerResult.parse(JSON.parse(result.stdout.toString('utf8')));
  } catch {
    const words = result.timedOut ? 'it did not end' : result.stderr.toString('utf8').trim().slice(-300);
    return { ok: false, ms: 0, fault: 'no_webrtc', detail: words || `exit ${result.code ?? result.signal}` };
  }
}
