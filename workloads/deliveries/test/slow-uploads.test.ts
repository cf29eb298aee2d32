import { chmod, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redactor } from '../contract/redact.ts';
import { FolderStore } from '../node/store/folder/folder-store.ts';
import { RcloneStore } from '../node/store/rclone/rclone-store.ts';
import type { Pace } from '../node/store/store.ts';
import { StoreFault } from '../node/store/store-fault.ts';
import type { WorkWord } from '../node/work/request.ts';
import { makeNoise, openWorkFolder, type WorkFolder } from '../testing/work-process.ts';
import { passOn } from './pass-on.ts';
import { MiB, openS3Bench, partSize } from './s3-bench.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** The window of the least rate is five of these. */
const idleMs = 2_000;
const pace = { firstMs: 10, lastMs: 20, idleMs };
const tooSlow = 'fewer than 64 KiB were taken in 10 s';

let server: Server;
let url: string;
let handle: Handler;
beforeEach(async () => {
  server = createServer((request, response) => {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    handle(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Takes a few bytes now and then, or all and never answers; it is never silent (RFC 2518 §10.1, 102 Processing). */
function drip(request: IncomingMessage, response: ServerResponse, takes: 'little' | 'all'): void {
  const drop = setInterval(() => {
    if (takes === 'little') request.read(1);
    response.writeProcessing();
  }, 50);
  if (takes === 'all') request.resume();
  else request.on('readable', () => undefined);
  response.once('close', () => clearInterval(drop));
}

/** What a person was told while it waited for its next try. */
function faults(words: readonly WorkWord[]): (string | null)[] {
  return words.flatMap((word) => (word.t === 'progress' && word.phase === 'waiting' ? [word.fault] : []));
}

describe('a store that takes next to nothing, and is never silent', { timeout: 120_000 }, () => {
  it.each(['little', 'all'] as const)('S3: the part is given up and sent again (takes %s)', async (takes) => {
    const bench = await openS3Bench();
    try {
      let slow = 1;
      const afterwards: (string | null)[] = [];
      const on = passOn(bench.stub, () => false);
      handle = (request, response) => {
        const part = new URL(request.url ?? '/', url).searchParams.get('partNumber');
        if (slow === 0 && part !== null) afterwards.push(part);
        if (part === '2' && slow > 0) {
          slow -= 1;
          drip(request, response, takes);
        } else on(request, response);
      };
      const { source, request } = await bench.upload(3 * partSize, 'film.mp4', { endpoint: url });
      const { result, words } = await bench.folder.run({ ...request, pace });
      expect(result).toMatchObject({ outcome: 'uploaded' });
      expect(faults(words)).toContain(tooSlow);
      expect(bench.stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
      // What had been taken is not sent again.
      expect(new Set(afterwards)).toEqual(new Set(['2', '3']));
    } finally {
      await bench.close();
    }
  });

  it('S3: a small file is given up too, and the attempt ends with a reason of its own', async () => {
    const bench = await openS3Bench();
    try {
      const on = passOn(bench.stub, () => false);
      handle = (request, response) => {
        if (request.method === 'PUT') drip(request, response, 'little');
        else on(request, response);
      };
      const { request } = await bench.upload(100_000, 'film.mp4', { endpoint: url });
      const { result } = await bench.folder.run({ ...request, pace, patienceMs: 5_000 });
      expect(result).toMatchObject({ outcome: 'failed', why: 'slow', detail: tooSlow });
      expect(bench.stub.objects.size).toBe(0);
    } finally {
      await bench.close();
    }
  });
});

describe('a store whose answers never end to begin', { timeout: 120_000 }, () => {
  let folder: WorkFolder;
  beforeEach(async () => {
    folder = await openWorkFolder();
  });
  afterEach(() => folder.close());

  it.each<[what: string, target: () => Parameters<WorkFolder['request']>[0]]>([
    [
      'WebDAV',
      () => ({ kind: 'webdav', settings: { url: `${url}/dav`, user: 'u' }, secrets: { password: 'p' } }),
    ],
    [
      'S3',
      () => ({
        kind: 's3',
        settings: {
          endpoint: url,
          bucket: 'films',
          region: 'us-east-1',
          prefix: '',
          pathStyle: true,
          partSize,
        },
        secrets: { accessKey: 'STUB', secretKey: 'STUB-SECRET' },
      }),
    ],
  ])('%s: it is given up before anything is sent', async (_what, target) => {
    let asked = 0;
    handle = ({ socket }) => {
      asked += 1;
      socket.write('HTTP/1.1 404 Not Found\r\nx-endless: ');
      const drop = setInterval(() => socket.write('x'), 50);
      socket.once('close', () => clearInterval(drop));
    };
    const source = await makeNoise(join(folder.root, 'film'), 1_000);
    const work = { do: 'upload' as const, path: 'film.mp4', onOther: 'rename' as const, source };
    const { result } = await folder.run(folder.request(target(), work, { pace, patienceMs: 5_000 }));
    expect(result).toMatchObject({ outcome: 'failed', why: 'slow', detail: 'no answer came in 10 s' });
    expect(asked).toBeGreaterThan(0);
  });
});

describe('a WebDAV server', { timeout: 120_000 }, () => {
  let folder: WorkFolder;
  beforeEach(async () => {
    folder = await openWorkFolder();
  });
  afterEach(() => folder.close());

  it('that takes next to nothing is given up, and gets only what it did not take', async () => {
    const source = await makeNoise(join(folder.root, 'film'), 24 * MiB);
    const bytes = await readFile(source.path);
    const files = new Map<string, Buffer>();
    const from: number[] = [];
    handle = (request, response) => {
      const { method, url: path = '', headers } = request;
      const file = files.get(path);
      if (method === 'OPTIONS') response.setHeader('dav', '1, sabredav-partialupdate');
      if (method === 'PUT') {
        // Takes one MiB as fast as it comes, keeps it, and then next to nothing.
        const pieces: Buffer[] = [];
        let taken = 0;
        const take = (piece: Buffer) => {
          pieces.push(piece);
          taken += piece.length;
          if (taken < MiB) return;
          request.off('data', take);
          request.pause();
          files.set(path, Buffer.concat(pieces).subarray(0, MiB));
          drip(request, response, 'little');
        };
        request.on('data', take);
        return;
      }
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        if (method === 'PATCH' && file) {
          const start = Number(/^bytes=(\d+)-$/.exec(String(headers['x-update-range']))?.[1]);
          from.push(start);
          files.set(path, Buffer.concat([file.subarray(0, start), ...pieces]));
        }
        if (method === 'MOVE' && file) {
          files.set(new URL(String(headers.destination)).pathname, file);
          files.delete(path);
        }
        if (method === 'HEAD') response.setHeader('content-length', String(file?.length ?? 0));
        response.writeHead(method === 'HEAD' && !file ? 404 : 200).end();
      });
    };
    const request = folder.request(
      { kind: 'webdav', settings: { url: `${url}/dav`, user: 'u' }, secrets: { password: 'p' } },
      { do: 'upload', path: 'film.mp4', onOther: 'rename', source },
      { pace },
    );
    const { result, words } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'uploaded' });
    expect(faults(words)).toContain(tooSlow);
    expect(from[0]).toBe(MiB);
    expect(files.get('/dav/film.mp4')?.equals(bytes)).toBe(true);
  });

  it('that gets no more because its target’s bandwidth is limited is not cut off', async () => {
    // Fourteen seconds for what must pass in ten, were the pauses not ours.
    const source = await makeNoise(join(folder.root, 'film'), 56 * 1024);
    const files = new Map<string, Buffer>();
    handle = (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        const { method, url: path = '', headers } = request;
        const file = files.get(path);
        if (method === 'PUT') files.set(path, Buffer.concat(pieces));
        if (method === 'MOVE' && file) files.set(new URL(String(headers.destination)).pathname, file);
        if (method === 'HEAD') response.setHeader('content-length', String(file?.length ?? 0));
        response.writeHead(method === 'HEAD' && !file ? 404 : 200).end();
      });
    };
    const request = folder.request(
      {
        kind: 'webdav',
        settings: { url: `${url}/dav`, user: 'u' },
        secrets: { password: 'p' },
        limits: { bytesPerSecond: 4 * 1024, parallel: 1 },
      },
      { do: 'upload', path: 'film.mp4', onOther: 'rename', source },
      { pace },
    );
    const { result, words } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'uploaded' });
    expect(faults(words)).not.toContain(tooSlow);
    expect(files.get('/dav/film.mp4')?.equals(await readFile(source.path))).toBe(true);
  });
});

describe('other stores', { timeout: 120_000 }, () => {
  let folder: WorkFolder;
  beforeEach(async () => {
    folder = await openWorkFolder();
  });
  afterEach(() => folder.close());

  function paceOf(windowMs: number): Pace & { readonly told: { sent: number } } {
    const told = { sent: 0 };
    return {
      told,
      signal: new AbortController().signal,
      limits: { clock: systemClock, windowMs },
      sent: (bytes) => {
        told.sent += bytes;
      },
      reached: () => undefined,
      allow: async () => undefined,
    };
  }

  // A file server that hangs can't be had here: what hangs is the sync of a file, and all else is real.
  it('a folder of a server that hangs is left, and is gone on with behind what it has taken', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const source = await makeNoise(join(folder.root, 'film'), MiB);
    let syncs = 0;
    let letGo: () => void = () => undefined;
    const hangs = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    const hanging: typeof open = async (...args) => {
      const file = await open(...args);
      file.datasync = async () => {
        syncs += 1;
        if (syncs === 3) await hangs;
      };
      return file;
    };
    const settings = { folder: root, allowed: [root] };
    const first = paceOf(5_000);
    await expect(
      new FolderStore({ ...settings, openFile: hanging }).put('film.mp4', source, first),
    ).rejects.toMatchObject({ kind: 'slow' });
    expect(syncs).toBe(3);
    const second = paceOf(60_000);
    await new FolderStore(settings).put('film.mp4', source, second);
    expect(second.told.sent).toBeLessThanOrEqual(MiB - (64 + 128) * 1024);
    // The one that was left wakes up, and does nothing more.
    letGo();
    expect((await readFile(join(root, 'film.mp4'))).equals(await readFile(source.path))).toBe(true);
  });

  // No remote of rclone's own can be made as slow: a program that tells what rclone tells stands for it.
  it.each([
    [1, 'slow', 'fewer than 768 KiB were taken in 3 s'],
    [20_000, 'missing', ''],
  ])('rclone that tells of %i bytes at a time is given up, or not: %s', async (bytes, kind, words) => {
    const program = join(folder.root, 'rclone');
    await writeFile(
      program,
      `#!${process.execPath}
      if (process.argv[2] !== 'copyto') process.exit(3);
      let told = 0;
      setInterval(() => {
        told += ${bytes};
        console.error(JSON.stringify({ level: 'notice', stats: { bytes: told } }));
        // More than twice the time that it may be without progress.
        if (told >= 6_400_000) process.exit(3);
      }, 20);
      `,
    );
    await chmod(program, 0o755);
    const source = await makeNoise(join(folder.root, 'film'), 16 * MiB);
    const store = new RcloneStore({
      settings: { remote: 'a', prefix: '' },
      program,
      config: join(folder.root, 'rclone.conf'),
      home: folder.root,
      bytesPerSecond: null,
      quietMs: 3_000,
    });
    const fault = await store.put('film.mp4', source, paceOf(60_000)).catch((error: unknown) => error);
    if (!(fault instanceof StoreFault)) throw new Error('It has gone up.', { cause: fault });
    const redactor = new Redactor({ kind: 'rclone', settings: {}, secrets: {} });
    expect([fault.kind, redactor.line(fault.heard)]).toEqual([kind, expect.stringContaining(words)]);
  });
});
