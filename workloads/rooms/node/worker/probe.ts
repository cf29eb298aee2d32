import { availableParallelism } from 'node:os';
import type { Capability } from '@backlot/contract';
import { type CapabilityProbe, programFile } from '@backlot/node/workload';
import { z } from 'zod';
import { packetsPerWorker, SFU } from '../../contract/media/settings.ts';
import { workersWanted } from '../media/settings.ts';
import { locateWorkers } from './locate.ts';

const PROVE_MS = 30_000;
const proveProgram = programFile(import.meta.url, './prove-main');
const Said = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), version: z.string(), handshakeMs: z.number() }),
  z.object({ ok: z.literal(false), reason: z.string() }),
]);

/** Proves this node's mediasoup worker by a DTLS handshake; what it can carry enters the node's capacity. */
export const sfuProbe: CapabilityProbe = {
  name: SFU,
  async fingerprint({ env }) {
    return await locateWorkers(env);
  },
  async probe({ env, run, log, signal }) {
    for (const path of await locateWorkers(env)) {
      const ended = await run([process.execPath, '--no-warnings', proveProgram, path], {
        timeoutMs: PROVE_MS,
        signal,
        env: { PATH: env.PATH ?? '' },
      });
      const said = parse(ended.stdout.toString('utf8'));
      if (said?.ok) return [capabilityOf(path, said, env)];
      log.warn(
        {
          path,
          reason:
            said?.reason ?? (ended.timedOut ? 'ran out of time' : `ended with ${ended.signal ?? ended.code}`),
          stderr: ended.stderr.toString('latin1').slice(-1_000),
        },
        'this mediasoup worker does not pass a DTLS handshake',
      );
    }
    return [];
  },
};

function capabilityOf(
  path: string,
  said: { readonly version: string; readonly handshakeMs: number },
  env: Readonly<Record<string, string | undefined>>,
): Capability {
  const workers = workersWanted(env, availableParallelism());
  return {
    name: SFU,
    version: said.version,
    features: ['webrtc', 'plain', 'pipe', 'simulcast', 'svc', 'data'],
    details: { path, workers, packetsPerWorker },
    provides: { packets: workers * packetsPerWorker },
    proof: `two transports shook hands by DTLS in ${said.handshakeMs} ms`,
    provedAt: new Date().toISOString(),
  };
}

function parse(text: string): z.infer<typeof Said> | undefined {
  try {
    return Said.parse(JSON.parse(text.trim().split('\n').at(-1) ?? ''));
  } catch {
    return undefined;
  }
}
