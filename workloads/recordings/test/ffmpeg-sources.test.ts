import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SourceConnection } from '../node/source-port.ts';
import { ffmpegAdapter } from '../node/sources/ffmpeg/ffmpeg-adapter.ts';
import { collect, openContext } from './sources/collect.ts';
import { identityOf, isConfiguration, readTags } from './sources/flv-tags.ts';
import {
  complaintsOf,
  countPackets,
  freePort,
  rtmpServer,
  srtServer,
  type TestProgram,
} from './sources/listeners.ts';
import { RtspServer } from './sources/rtsp-server.ts';
import { makeSample, type Sample } from './sources/sample.ts';
import { serialsIn } from './sources/serial-stamp.ts';
import { readPes } from './sources/ts-packets.ts';

let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-ffmpeg-'));
  sample = makeSample(folder, { seconds: 8, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const context = () => openContext(join(folder, 'scratch'), { clock: systemClock });
/** Numbers in a transport stream, or in FLV. */
const serials = (bytes: Buffer) =>
  serialsIn(bytes[0] === 0x47 ? Buffer.concat(readPes(bytes).map(({ payload }) => payload)) : bytes);

/** The server needs a moment until it listens. */
async function openSoon(kind: string, url: string): Promise<SourceConnection> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await ffmpegAdapter.open({ kind, url }, context());
    } catch (error) {
      if (tries > 30) throw error;
      await systemClock.sleep(200);
    }
  }
}

describe('a source that ffmpeg reads', () => {
  it.each([
    ['rtmp', 'flv', rtmpServer],
    ['srt', 'ts', (options: { path: string }) => srtServer(options, 'long-enough-secret')],
  ] as const)(
    'gives every packet of %s once, in order, as %s that nobody has taken apart',
    async (kind, container, serve) => {
      const server: TestProgram = await serve({ path: sample.path });
      try {
        const connection = await openSoon(kind, server.url);
        expect(connection.container).toBe(container);
        const { bytes } = await collect(connection, (sofar) => serials(sofar).length >= 75);
        const numbers = serials(bytes);
        const [first = 0] = numbers;
        expect(numbers).toEqual(numbers.map((_, n) => first + n));
        const file = join(folder, `${kind}.${container}`);
        writeFileSync(file, bytes);
        expect(countPackets(file).audio).toBeGreaterThan(50);
        if (container === 'flv') {
          const { tags } = readTags(bytes);
          const sent = new Set(readTags(readFileSync(sample.path)).tags.map(identityOf));
          const media = tags.filter((tag) => !isConfiguration(tag));
          expect(media.length).toBeGreaterThan(120);
          for (const tag of media) expect(sent).toContain(identityOf(tag));
        }
      } finally {
        await server.close();
      }
    },
  );

  it.each(['aac', 'alaw'] as const)(
    'gives a camera by RTSP whose sound is %s, and it plays',
    async (sound) => {
      const server = await RtspServer.open({ path: sample.path, folder, sound, password: 'p%40ss' });
      try {
        const connection = await ffmpegAdapter.open({ kind: 'rtsp', url: server.url }, context());
        const { bytes } = await collect(connection, (sofar) => serials(sofar).length >= 50);
        const numbers = serials(bytes);
        const [first = 0] = numbers;
        expect(numbers).toEqual(numbers.map((_, n) => first + n));
        const file = join(folder, `rtsp-${sound}.ts`);
        writeFileSync(file, bytes);
        const { video, audio } = countPackets(file);
        expect(video).toBeGreaterThan(40);
        expect(audio).toBeGreaterThan(40);
        expect(complaintsOf(file)).not.toMatch(/could not|unspecified|private/i);
      } finally {
        await server.close();
      }
    },
  );

  it('says that a password is wrong, and does not say the password', async () => {
    const server = await RtspServer.open({ path: sample.path, folder, password: 'right' });
    try {
      const url = server.url.replace('right', 'secret-and-wrong');
      const refused = ffmpegAdapter.open({ kind: 'rtsp', url }, context());
      await expect(refused).rejects.toMatchObject({ name: 'SourceRefused', why: 'denied' });
      await expect(refused).rejects.not.toThrow(/secret/);
    } finally {
      await server.close();
    }
  });

  it('tells of a cut connection without calling it an end', async () => {
    const server = await rtmpServer({ path: sample.path });
    const connection = await openSoon('rtmp', server.url);
    const ended = collect(connection, () => false);
    await systemClock.sleep(500);
    await server.close();
    expect((await ended).end).toMatchObject({ why: expect.stringMatching(/^(closed|failed)$/) });
  });

  it('finds nobody at the address: a fault of the network, not an answer', async () => {
    const url = `rtmp://127.0.0.1:${await freePort()}/live/x`;
    await expect(ffmpegAdapter.open({ kind: 'rtmp', url }, context())).rejects.toThrow('Nothing listens');
    await expect(ffmpegAdapter.open({ kind: 'rtmp', url }, context())).rejects.not.toMatchObject({
      name: 'SourceRefused',
    });
  });

  it('is let go when a server takes the connection and says nothing', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const abort = new AbortController();
    const opening = ffmpegAdapter.open(
      { kind: 'rtmp', url: `rtmp://127.0.0.1:${port}/live/x` },
      { ...context(), signal: abort.signal },
    );
    const taken = new Promise((resolve) => server.once('connection', resolve));
    await taken;
    abort.abort(new Error('Nobody waits any more.'));
    await expect(opening).rejects.toThrow('Nobody waits');
    // Its process is gone: the server sees the connection close.
    await expect
      .poll(() => new Promise((resolve) => server.getConnections((_, count) => resolve(count))), {
        timeout: 60_000,
      })
      .toBe(0);
    await new Promise((resolve) => server.close(resolve));
  });
});
