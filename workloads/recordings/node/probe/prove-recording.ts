import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '@backlot/contract/clock';
import { SegmentMeta } from '../../contract/segment.ts';
import { httpFlvAdapter } from '../http-flv/http-flv-adapter.ts';
import { Channel } from '../recorder/channel.ts';
import { WatchInput } from '../recorder/watch-input.ts';
import { nodeDisk } from '../segments/disk-port.ts';
import { DiskSync } from '../segments/disk-sync.ts';
import { steadyWall } from '../time/steady-wall.ts';
import { proofPictures, proofStream } from './proof-stream.ts';

/** What the recording of the generated second came to. */
export interface Proof {
  readonly pictures: number;
  readonly bytes: number;
}

/** Nobody's channel: an id that no database gives. */
const channelId = '00000000-0000-7000-8000-000000000000';

/**
 * Records a second of a generated stream with the real recorder: over HTTP on loopback, into segments on the disk of this
 * node, until all of its pictures are in closed and reported segments.
 * @throws when they do not come before the signal
 */
export async function proveRecording(folder: string, clock: Clock, signal: AbortSignal): Promise<Proof> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'video/x-flv', connection: 'close' });
    response.end(proofStream());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const sync = new DiskSync(clock);
  const stop = new AbortController();
  try {
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/proof.flv`;
    const found = { pictures: 0, bytes: 0 };
    let complete = () => {};
    const enough = new Promise<void>((resolve, reject) => {
      complete = resolve;
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
    const channel = await Channel.open(
      WatchInput.parse({ rules: { channelId, source: { kind: 'http-flv', url } }, fence: 1 }),
      {
        adapters: [httpFlvAdapter],
        clock,
        random: () => 0.5,
        wall: steadyWall(clock),
        disk: nodeDisk,
        sync,
        onRead: () => {},
        env: {},
      },
      {
        id: 'proof',
        workDir: folder,
        tell: async ({ outputs }) => {
          for (const { meta } of outputs) {
            const { videoFrames, bytes } = SegmentMeta.parse(meta);
            found.pictures += videoFrames;
            found.bytes += bytes;
          }
          if (found.pictures >= proofPictures) complete();
        },
        progress: () => {},
        diskState: () => 'ok',
      },
      () => {},
    );
    const running = channel.run(stop.signal);
    await Promise.race([enough, running]);
    stop.abort(new Error('It is proved.'));
    await running;
    return found;
  } finally {
    stop.abort(new Error('The proof is over.'));
    sync.close();
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
}
