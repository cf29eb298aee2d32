import { createRequire } from 'node:module';
import type { Capability } from '@backlot/contract';
import type { CapabilityProbe } from '@backlot/node/workload';
import { STREAMS_CAPABILITY } from '../../contract.ts';
import { peerProgram, runPeer } from '../peer/run-peer.ts';
import { platformOf } from '../platform.ts';

/** How long two connections on one machine may take to show a picture. */
const deadlineMs = 20_000;

/**
 * What this machine can do for streams: start programs (any machine with an agent can), and, proved by doing it, WebRTC
 * of our own, which resets by message, thumbnails and the demo application need.
 */
export const streamsProbe: CapabilityProbe = {
  name: 'streams',
  async fingerprint() {
    return [process.execPath, peerProgram, ...nativeFiles()];
  },
  async probe({ run, scratch, signal }) {
    const platform = platformOf(process.platform);
    if (platform === undefined) return [];
    const result = await runPeer(run, { kind: 'probe', deadlineMs }, { cwd: scratch, signal });
    const capability: Capability = {
      name: STREAMS_CAPABILITY,
      features: result.ok ? [platform, 'webrtc'] : [platform],
      details: result.ok ? {} : { webrtc: result.detail },
      proof: result.ok
        ? 'Connected to itself by WebRTC and read the number in a frame.'
        : `Starts programs. WebRTC does not work here: ${result.detail}`.slice(0, 300),
      provedAt: new Date().toISOString(),
    };
    return [capability];
  },
};

/** The library's own file changes with its version; where it is not installed there is nothing to look at. */
function nativeFiles(): string[] {
  try {
    return [createRequire(import.meta.url).resolve('@roamhq/wrtc/package.json')];
  } catch {
    return [];
  }
}
