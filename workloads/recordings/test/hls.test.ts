import { spawnSync } from 'node:child_process';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hlsAdapter } from '../node/hls/hls-adapter.ts';
import type { SourceMark } from '../node/source-port.ts';
import { ffmpegAdapter } from '../node/sources/ffmpeg/ffmpeg-adapter.ts';
import { collect, openContext } from './sources/collect.ts';
import { HlsOrigin } from './sources/hls-origin.ts';
import { countPackets } from './sources/listeners.ts';
import { makeSample, type Sample } from './sources/sample.ts';
import { serialsIn } from './sources/serial-stamp.ts';
import { readPes } from './sources/ts-packets.ts';

/** What servers of HLS do that a puller has to bear, against a real server with a window that slides. */
let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-hls-'));
  sample = makeSample(folder, { seconds: 60, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Heard = { readonly mark: SourceMark } | { readonly bytes: Buffer };

/** Everything that is told, in its order, until `enough` says so. */
async function listen(
  url: string,
  enough: (heard: readonly Heard[]) => boolean,
  meanwhile: (heard: readonly Heard[]) => void = () => {},
  resume?: string,
): Promise<readonly Heard[]> {
  const signal = AbortSignal.timeout(120_000);
  const context = openContext(folder, {
    clock: systemClock,
    signal,
    ...(resume === undefined ? {} : { resume }),
  });
  const connection = await hlsAdapter.open({ kind: 'hls', url }, context);
  const heard: Heard[] = [];
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('Not enough has come.')), 90_000);
    const look = () => {
      meanwhile(heard);
      if (!enough(heard)) return;
      clearTimeout(timer);
      connection.close();
      resolve();
    };
    connection.start({
      data(bytes) {
        heard.push({ bytes: Buffer.from(bytes) });
        look();
      },
      mark(mark) {
        heard.push({ mark });
        look();
      },
      end: ({ reason }) => reject(new Error(reason.message)),
    });
  });
  return heard;
}
const bytesOf = (heard: readonly Heard[]) => heard.flatMap((one) => ('bytes' in one ? [one.bytes] : []));
const serialsOf = (heard: readonly Heard[]) =>
  serialsIn(Buffer.concat(readPes(Buffer.concat(bytesOf(heard))).map(({ payload }) => payload)));
/** Where the server was found to count anew. */
const anewAt = (heard: readonly Heard[]) =>
  heard.findIndex((one) => 'mark' in one && one.mark.mark === 'discontinuity');
const marksOf = (heard: readonly Heard[]) => heard.flatMap((one) => ('mark' in one ? [one.mark.mark] : []));

/** Two qualities of one picture (the same bytes), and one playlist of sound for both. */
async function separateSound(film: string, at: string) {
  mkdirSync(at);
  const streams = 'v:0,agroup:sound,name:fine v:1,agroup:sound,name:coarse a:0,agroup:sound,name:tone';
  const ended = spawnSync(
    'ffmpeg',
    [
      ...['-nostdin', '-v', 'error', '-t', '4', '-i', film, '-map', '0:v', '-map', '0:v', '-map', '0:a'],
      ...['-c', 'copy', '-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', '-hls_playlist_type', 'vod'],
      ...['-var_stream_map', streams, '-master_pl_name', 'all.m3u8'],
      ...['-hls_segment_filename', join(at, '%v-%03d.ts'), join(at, '%v.m3u8')],
    ],
    { encoding: 'utf8', timeout: 60_000 },
  );
  expect(ended.stderr).toBe('');
  const main = join(at, 'all.m3u8');
  const named = readFileSync(main, 'utf8').replace(
    /(#EXT-X-STREAM-INF:[^\n]*)\n(fine|coarse)/g,
    '$1,NAME="$2"\n$2',
  );
  writeFileSync(main, named);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push(path);
    try {
      response.end(readFileSync(join(at, path)));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.m3u8`,
    asked,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

describe('a server of HLS', () => {
  it.each(['fine', 'coarse'])(
    'that gives picture and sound apart is recorded with both, in the quality that is wanted: %s',
    async (quality) => {
      const server = await separateSound(sample.path, join(folder, `apart-${quality}`));
      try {
        const context = openContext(folder, {
          clock: systemClock,
          qualities: [quality],
          delegate: (spec) => ffmpegAdapter.open(spec, context),
        });
        const connection = await hlsAdapter.open({ kind: 'hls', url: server.url }, context);
        expect(connection.container).toBe('ts');
        // Pieces come whole: between two of them nothing does.
        expect(connection.silenceMs).toBeGreaterThanOrEqual(10_000);
        const { bytes } = await collect(connection, () => false);
        const file = join(folder, `apart-${quality}.ts`);
        writeFileSync(file, bytes);
        const { video, audio } = countPackets(file);
        // Four seconds of each: no live list, so that all of it is taken.
        expect(video).toBe(100);
        expect(audio).toBeGreaterThan(180);
        const numbers = serialsIn(Buffer.concat(readPes(bytes).map(({ payload }) => payload)));
        expect(numbers).toEqual(numbers.map((_, index) => index));
        const other = quality === 'fine' ? 'coarse' : 'fine';
        expect(server.asked.filter((path) => path.startsWith(`/${quality}-`)).length).toBeGreaterThan(2);
        // A piece of it may be looked at; nothing more is fetched.
        expect(server.asked.filter((path) => path.startsWith(`/${other}-`)).length).toBeLessThan(3);
      } finally {
        await server.close();
      }
    },
  );

  it('whose first piece fails is asked again, and the fragments have their initialization before them', async () => {
    const origin = await HlsOrigin.open({ sample, folder: join(folder, 'fmp4'), container: 'fmp4' });
    try {
      origin.failing = 2;
      const heard = await listen(origin.url, (all) => bytesOf(all).length >= 2);
      expect(origin.failing).toBe(0);
      const first = heard.findIndex((one) => 'bytes' in one);
      expect(marksOf(heard.slice(0, first))).toEqual(['init']);
      expect(marksOf(heard).filter((mark) => mark === 'init')).toHaveLength(1);
      expect(marksOf(heard)).not.toContain('missing');
    } finally {
      await origin.close();
    }
  });

  it('that fails one piece for good loses that one alone, and tells of the initialization with the next', async () => {
    const origin = await HlsOrigin.open({ sample, folder: join(folder, 'fmp4-gone'), container: 'fmp4' });
    try {
      origin.failing = 4;
      const heard = await listen(origin.url, (all) => bytesOf(all).length >= 2);
      const first = heard.findIndex((one) => 'bytes' in one);
      expect(marksOf(heard.slice(0, first))).toEqual(['missing', 'init']);
    } finally {
      await origin.close();
    }
  });

  it('that counts from 0 again goes on being recorded: nothing of what the list still has is missing, nothing twice', async () => {
    const origin = await HlsOrigin.open({ sample, folder: join(folder, 'anew'), window: 8, paceMs: 500 });
    try {
      origin.paceByLooks();
      let restarted = false;
      const heard = await listen(
        origin.url,
        (all) => marksOf(all).includes('discontinuity') && bytesOf(all).length >= 16,
        (all) => {
          if (restarted || bytesOf(all).length < 8) return;
          restarted = true;
          origin.restartNumbers();
        },
      );
      const at = heard.findIndex((one) => 'mark' in one && one.mark.mark === 'discontinuity');
      const numbers = (part: readonly Heard[]) =>
        serialsIn(Buffer.concat(readPes(Buffer.concat(bytesOf(part))).map(({ payload }) => payload)));
      const [before, after] = [numbers(heard.slice(0, at)), numbers(heard.slice(at))];
      const [last = 0, next = 0] = [before.at(-1), after[0]];
      expect(next).toBeGreaterThan(last);
      expect(after).toEqual(after.map((_, index) => next + index));
      expect(before).toEqual(before.map((_, index) => (before[0] ?? 0) + index));
    } finally {
      await origin.close();
    }
  });

  it.each(['opens its pieces not at all', 'opens its pieces as noise'])(
    'whose encoder is started again with another key at the same address, and counts on: its pieces can be read (the old one %s)',
    async (old) => {
      const pieces = Array.from({ length: 6 }, (_, number) =>
        Buffer.alloc(188 * 10, `G piece of the number ${number} `.padEnd(188)),
      );
      const ivOf = (number: number) => {
        const iv = Buffer.alloc(16);
        iv.writeBigUInt64BE(BigInt(number), 8);
        return iv;
      };
      const shut = (number: number, key: Buffer) => {
        const cipher = createCipheriv('aes-128-cbc', key, ivOf(number));
        return Buffer.concat([cipher.update(pieces[number] ?? ''), cipher.final()]);
      };
      const opens = (number: number, bytes: Buffer, key: Buffer) => {
        const decipher = createDecipheriv('aes-128-cbc', key, ivOf(number));
        try {
          return Buffer.concat([decipher.update(bytes), decipher.final()]).length > 0;
        } catch {
          return false;
        }
      };
      const [first, second] = [randomBytes(16), randomBytes(16)];
      // One key in 256 opens what another has shut: its padding looks right by chance.
      const wanted = old === 'opens its pieces as noise';
      while (opens(3, shut(3, second), first) !== wanted) second.set(randomBytes(16));
      const keys = [first, second] as const;
      let anew = false;
      const server = createServer((request, response) => {
        const number = Number(/(\d+)\.ts$/.exec(request.url ?? '')?.[1] ?? Number.NaN);
        if (request.url === '/key') return void response.end(keys[anew ? 1 : 0]);
        if (!Number.isNaN(number)) {
          return void response.end(shut(number, keys[number < 3 ? 0 : 1]));
        }
        const [from, to] = anew ? [3, 6] : [0, 3];
        const named = pieces.map((_, n) => `#EXTINF:1,\n${n}.ts`).slice(from, to);
        const head = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${from}`;
        response.end(`${head}\n#EXT-X-KEY:METHOD=AES-128,URI="/key"\n${named.join('\n')}\n`);
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const heard = await listen(
          `http://127.0.0.1:${(server.address() as AddressInfo).port}/live.m3u8`,
          (all) => bytesOf(all).length + marksOf(all).filter((mark) => mark === 'missing').length === 6,
          (all) => {
            if (bytesOf(all).length === 3) anew = true;
          },
        );
        expect(marksOf(heard)).not.toContain('missing');
        expect(Buffer.concat(bytesOf(heard)).equals(Buffer.concat(pieces))).toBe(true);
      } finally {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  );

  it('whose encoder is started again after a few pieces, under the same names, loses nothing', async () => {
    const origin = await HlsOrigin.open({ sample, folder: join(folder, 'young'), window: 4, paceMs: 600 });
    try {
      origin.paceByLooks();
      let restartedAt = 0;
      const heard = await listen(
        origin.url,
        (all) => anewAt(all) > 0 && bytesOf(all).length >= 9,
        (all) => {
          if (restartedAt > 0 || bytesOf(all).length < 3) return;
          restartedAt = origin.newest + 1;
          origin.restartNumbers();
        },
      );
      const after = serialsOf(heard.slice(anewAt(heard)));
      const [first = Number.NaN] = serialsIn(
        Buffer.concat(readPes(origin.segment(restartedAt).bytes).map(({ payload }) => payload)),
      );
      expect(after).toEqual(after.map((_, index) => first + index));
      expect(marksOf(heard)).not.toContain('missing');
    } finally {
      await origin.close();
    }
  });

  it('whose encoder is started again while nobody is connected is known by its first pieces; and so is one that is not', async () => {
    const origin = await HlsOrigin.open({ sample, folder: join(folder, 'away'), window: 4, paceMs: 1_000 });
    try {
      origin.stopClock();
      const first = await listen(origin.url, (all) => marksOf(all).includes('position'));
      const [token] = first.flatMap((one) =>
        'mark' in one && one.mark.mark === 'position' ? [one.mark.token] : [],
      );
      const same = await listen(origin.url, (all) => bytesOf(all).length >= 2, undefined, token);
      expect(anewAt(same)).toBe(-1);
      const restartedAt = origin.newest + 1;
      origin.restartNumbers();
      origin.advance(4_000);
      expect(origin.newest).toBe(restartedAt + 3);
      // It wants number 2, and the list has 0 to 3.
      const other = await listen(origin.url, (all) => bytesOf(all).length >= 4, undefined, token);
      const serials = serialsOf(other.slice(anewAt(other)));
      const [begins = Number.NaN] = serialsIn(
        Buffer.concat(readPes(origin.segment(origin.oldest).bytes).map(({ payload }) => payload)),
      );
      expect(serials).toEqual(serials.map((_, index) => begins + index));
    } finally {
      await origin.close();
    }
  });
});
