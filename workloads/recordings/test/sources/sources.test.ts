import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from './flv-origin.ts';
import { identityOf, readTags } from './flv-tags.ts';
import { HlsOrigin } from './hls-origin.ts';
import { complaintsOf, countPackets, program, rtmpServer, srtServer } from './listeners.ts';
import { makeSample, type Sample } from './sample.ts';
import { serialsIn } from './serial-stamp.ts';
import { readPes } from './ts-packets.ts';

let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-sources-'));
  sample = makeSample(folder, { seconds: 4, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads a response until enough has come or it ends. */
async function take(url: string, enough: (bytes: Buffer) => boolean, limitMs = 90_000): Promise<Buffer> {
  const response = await fetch(url, { signal: AbortSignal.timeout(limitMs) });
  const parts: Buffer[] = [];
  for await (const part of response.body ?? []) {
    parts.push(Buffer.from(part));
    if (enough(Buffer.concat(parts))) break;
  }
  return Buffer.concat(parts);
}

describe('a sample', () => {
  it('plays, and every video packet has its number', () => {
    expect(complaintsOf(sample.path)).toBe('');
    expect(countPackets(sample.path).video).toBe(100);
    const packets = Array.from({ length: sample.length * 2 }, (_, n) => sample.packet(n));
    const serials = packets.flatMap(({ serial }) => serial ?? []);
    expect(serials).toEqual(Array.from({ length: 200 }, (_, n) => n));
    expect(serialsIn(Buffer.concat(packets.map(({ body }) => body)))).toEqual(serials);
    expect(new Set(packets.map(identityOf)).size).toBe(packets.length);
  });
});

describe('the HTTP-FLV origin', () => {
  it('sends from the last keyframe on, the same to everybody', async () => {
    const origin = await FlvOrigin.open({ sample, speed: 4 });
    try {
      const twoSeconds = (bytes: Buffer) => readTags(bytes).tags.filter(({ type }) => type === 9).length > 60;
      const [one, two] = await Promise.all([take(origin.url, twoSeconds), take(origin.url, twoSeconds)]);
      const sent = new Set(
        origin.produced.map(({ packet, timestamp }) => identityOf({ ...packet, timestamp })),
      );
      for (const bytes of [one, two]) {
        const media = readTags(bytes).tags.slice(sample.head.length);
        expect(media.length).toBeGreaterThan(60);
        for (const tag of media) expect(sent).toContain(identityOf(tag));
      }
    } finally {
      await origin.close();
    }
  });

  it('has sent what it says it has, also to whom it lets go while a picture is due', async () => {
    const origin = await FlvOrigin.open({ sample });
    try {
      const letGo = () => [() => origin.drop(), () => origin.goOffline()];
      for (const [n, act] of letGo().entries()) {
        const taken = take(origin.url, () => false);
        await expect.poll(() => origin.viewers[n]?.sent.length ?? 0).toBeGreaterThan(10);
        // A busy machine: when it comes to its timers both are due, this one first and then the clock's.
        await new Promise<void>((resolve) =>
          setTimeout(() => {
            setTimeout(() => resolve(act()), 1);
            for (const until = performance.now() + 200; performance.now() < until; );
          }),
        );
        const media = readTags(await taken).tags.slice(sample.head.length);
        expect(media.map(identityOf)).toEqual(
          origin.viewers[n]?.sent.map(({ packet, timestamp }) => identityOf({ ...packet, timestamp })),
        );
        origin.goLive();
      }
    } finally {
      await origin.close();
    }
  });

  it('drops, goes away and comes back', async () => {
    const origin = await FlvOrigin.open({ sample, speed: 4 });
    try {
      const dropped = take(origin.url, () => false);
      await expect.poll(() => origin.watching).toBe(1);
      origin.drop();
      await dropped.catch(() => undefined);
      await expect.poll(() => origin.watching).toBe(0);
      origin.goOffline();
      expect((await fetch(origin.url)).status).toBe(404);
      origin.goLive();
      expect((await take(origin.url, (bytes) => bytes.length > 1_000)).length).toBeGreaterThan(1_000);
    } finally {
      await origin.close();
    }
  });
});

describe('the HLS origin', () => {
  it.each(['ts', 'fmp4'] as const)(
    'slides its window over %s segments that hold every packet once',
    async (container) => {
      const origin = await HlsOrigin.open({
        sample,
        folder: join(folder, container),
        window: 3,
        paceMs: 200,
        container,
      });
      try {
        const first = origin.newest;
        await expect.poll(() => origin.newest, { timeout: 60_000 }).toBeGreaterThan(first + 2);
        const text = await (await fetch(origin.url)).text();
        expect(text).toContain('#EXT-X-MEDIA-SEQUENCE:');
        expect(text.match(/#EXTINF/g)).toHaveLength(3);
        expect((await fetch(`${origin.base}/segment-0.ts`)).status).toBe(404);
        const round = [0, 1, 2, 3].map((n) => origin.segment(n).bytes);
        const units =
          container === 'ts'
            ? Buffer.concat(readPes(Buffer.concat(round)).map(({ payload }) => payload))
            : Buffer.concat(round);
        expect(serialsIn(units)).toEqual(Array.from({ length: 100 }, (_, n) => n));
      } finally {
        await origin.close();
      }
    },
  );
});

describe('listeners', () => {
  it.each([
    ['rtmp', rtmpServer],
    ['srt', srtServer],
  ] as const)('serve %s to a viewer with the stamps in it', async (_, serve) => {
    const server = await serve({ path: sample.path });
    const file = join(folder, 'got.ts');
    writeFileSync(file, '');
    try {
      const argv = [
        'ffmpeg',
        '-nostdin',
        '-v',
        'error',
        '-y',
        '-i',
        server.url,
        '-c',
        'copy',
        '-t',
        '2',
        '-f',
        'mpegts',
        file,
      ];
      let serials: number[] = [];
      // The server needs a moment until it listens.
      await expect
        .poll(
          async () => {
            const viewer = program(server.url, argv);
            await viewer.ended;
            const { readFileSync } = await import('node:fs');
            serials = serialsIn(Buffer.concat(readPes(readFileSync(file)).map(({ payload }) => payload)));
            return serials.length;
          },
          { timeout: 60_000, interval: 300 },
        )
        .toBeGreaterThan(25);
      const [first = 0] = serials;
      expect(serials).toEqual(serials.map((_, n) => first + n));
    } finally {
      await server.close();
    }
  });
});
