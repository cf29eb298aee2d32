import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { startS3Stub } from '@backlot/testkit/s3-stub';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Redactor } from '../contract/redact.ts';
import { rcloneFault } from '../node/store/rclone/rclone-process.ts';
import { makeNoise, openWorkFolder, type WorkFolder } from '../testing/work-process.ts';
import { passOn } from './pass-on.ts';

const MiB = 1024 ** 2;
const config = '[a]\ntype = webdav\npass = HIDDENabcdefghijklmnop\n';
const secret = 'HIDDENabcdefghijklmnopqrstuvwxyz';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;
let folder: WorkFolder;
let server: Server;
let url: string;
let handle: Handler;
beforeEach(async () => {
  folder = await openWorkFolder();
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
  await folder.close();
});

/** Writes for as long as somebody reads. */
function endless(response: ServerResponse): void {
  const piece = Buffer.alloc(64 * 1024, 'x');
  const more = () => {
    while (!response.destroyed && response.write(piece));
  };
  response.on('drain', more);
  more();
}

describe('a WebDAV server that can’t be trusted', () => {
  /** A server that keeps what it is given, until a test makes it worse. */
  function keeping(
    worse: (request: IncomingMessage, response: ServerResponse, files: Map<string, Buffer>) => boolean,
  ) {
    const files = new Map<string, Buffer>();
    handle = (request, response) => {
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.once('end', () => {
        const { method, url: path = '', headers } = request;
        if (worse(request, response, files)) return;
        const file = files.get(path);
        if (method === 'PUT') files.set(path, Buffer.concat(pieces));
        if (method === 'MOVE' && file) {
          files.set(new URL(String(headers.destination)).pathname, file);
          files.delete(path);
        }
        if ((method === 'HEAD' || method === 'GET') && !file) return void response.writeHead(404).end();
        if (method === 'HEAD') response.setHeader('content-length', String(file?.length));
        response.writeHead(method === 'PUT' ? 201 : 200).end(method === 'GET' ? file : undefined);
      });
    };
    return files;
  }
  async function upload(path = 'film.mp4', more: object = {}) {
    const source = await makeNoise(join(folder.root, 'film'), 1_000);
    const target = {
      kind: 'webdav' as const,
      settings: { url: `${url}/dav`, user: 'u', ...more },
      secrets: { password: secret },
    };
    return { source, request: folder.request(target, { do: 'upload', path, onOther: 'rename', source }) };
  }
  const fast = { patienceMs: 0, pace: { firstMs: 10, lastMs: 20, idleMs: 1_000 } };

  it('whose answers do not end: they are left, and the file is there', async () => {
    keeping((request, response) => {
      if (request.method !== 'MKCOL') return false;
      response.writeHead(201);
      endless(response);
      return true;
    });
    const { request } = await upload('a/film.mp4');
    expect((await folder.run(request)).result).toMatchObject({ outcome: 'uploaded', result: { retries: 0 } });
  });

  it('whose copy does not end: it is another one', async () => {
    const files = keeping((request, response) => {
      if (request.method !== 'GET') return false;
      response.writeHead(200);
      endless(response);
      return true;
    });
    const { source, request } = await upload();
    files.set('/dav/film.mp4', Buffer.alloc(source.size));
    const { size, sha256 } = source;
    const work = { do: 'verify' as const, path: 'film.mp4', size, sha256, method: 'read-back' as const };
    expect((await folder.run({ ...request, work })).result).toMatchObject({
      outcome: 'failed',
      why: 'copy-differs',
      detail: 'more than 1000 bytes came back',
    });
    // Other content under the name, as far as anybody can tell; the upload gets another one.
    expect((await folder.run(request)).result).toMatchObject({
      outcome: 'uploaded',
      result: { copy: { path: 'film (2).mp4' } },
    });
  });

  it('that cuts a copy short without an error: nothing is known, and no second one is made', async () => {
    let cut = 2;
    const files = keeping((request, response, all) => {
      if (request.method !== 'GET' || cut === 0) return false;
      cut -= 1;
      response.writeHead(200, { 'content-length': '10' }).end(all.get(request.url ?? '')?.subarray(0, 10));
      return true;
    });
    const { request } = await upload();
    expect((await folder.run(request)).result).toMatchObject({ result: { copy: { how: 'sent' } } });
    expect((await folder.run(request)).result).toMatchObject({
      result: { copy: { path: 'film.mp4', how: 'found' }, retries: 2 },
    });
    expect([...files.keys()]).toEqual(['/dav/film.mp4']);
  });

  it('that hangs up behind the last byte of a copy: all of it has come, and nothing is asked for behind it', async () => {
    const { source, request } = await upload();
    const asked: (string | undefined)[] = [];
    const files = keeping((request_, response, all) => {
      if (request_.method !== 'GET') return false;
      const { range } = request_.headers;
      asked.push(range);
      if (range !== undefined) response.writeHead(416).end();
      else {
        response.writeHead(200, { 'transfer-encoding': 'chunked' });
        response.write(all.get('/dav/film.mp4'), () => setTimeout(() => response.destroy(), 50));
      }
      return true;
    });
    files.set('/dav/film.mp4', await readFile(source.path));
    const { size, sha256 } = source;
    const work = { do: 'verify' as const, path: 'film.mp4', size, sha256, method: 'read-back' as const };
    expect((await folder.run({ ...request, work })).result).toMatchObject({ outcome: 'verified' });
    expect(asked).toEqual([undefined]);
  });

  it('whose copy drips: it holds its place no longer than patience lasts, and says why', async () => {
    const { source, request } = await upload();
    let asked = 0;
    const files = keeping((request_, response, all) => {
      if (request_.method !== 'GET') return false;
      asked += 1;
      const file = all.get('/dav/film.mp4');
      response.writeHead(200, { 'content-length': String(file?.length) });
      let at = 0;
      const drop = setInterval(() => response.write(file?.subarray(at, ++at)), 50);
      response.once('close', () => clearInterval(drop));
      return true;
    });
    files.set('/dav/film.mp4', await readFile(source.path));
    const { size, sha256 } = source;
    const work = { do: 'verify' as const, path: 'film.mp4', size, sha256, method: 'read-back' as const };
    const drips = { patienceMs: 1_000, pace: { firstMs: 10, lastMs: 20, idleMs: 200 } };
    expect((await folder.run({ ...request, work, ...drips })).result).toMatchObject({
      outcome: 'failed',
      why: 'slow',
      detail: expect.stringContaining('fewer than 64 KiB came back in 1 s'),
    });
    expect(asked).toBeGreaterThan(0);
    // The same for what stands there before an upload: its name is not taken for free, nor for other content.
    expect((await folder.run({ ...request, ...drips })).result).toMatchObject({
      outcome: 'failed',
      why: 'slow',
    });
    expect([...files.keys()]).toEqual(['/dav/film.mp4']);
  });

  it.each<[what: string, worse: Handler]>([
    ['speaks no HTTP', (request) => void request.socket.end('* OK IMAP4rev1 ready\r\n')],
    [
      'names no size',
      (_request, response) => {
        response.writeHead(200, { 'transfer-encoding': 'chunked' }).end();
      },
    ],
    [
      'names a size that is no number',
      (request) => void request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9x\r\n\r\n'),
    ],
    [
      'sends elsewhere',
      (_request, response) => void response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    ],
    ['is silent', () => undefined],
    ['hangs up', (request) => void request.socket.destroy()],
  ])('that %s: the attempt ends with a word about it', async (_what, worse) => {
    handle = worse;
    const { request } = await upload();
    const { result } = await folder.run({ ...request, ...fast });
    expect(result).toMatchObject({ outcome: 'failed', why: expect.stringMatching(/^(away|refused)$/) });
    expect(result?.outcome === 'failed' && result.detail).not.toBe('');
  });

  it('that repeats what it was sent: no half of a secret is left, wherever words are cut', async () => {
    for (let before = 60; before <= 200; before += 5) {
      handle = (_request, response) => {
        response.writeHead(401).end(`${'x'.repeat(before)} ${secret} ${btoa(`u:${secret}`)}`);
      };
      const { request } = await upload();
      const { result, words } = await folder.run({ ...request, work: { do: 'test' }, ...fast });
      expect(result).toMatchObject({ outcome: 'failed', why: 'refused' });
      expect(JSON.stringify([result, words])).not.toMatch(/HIDD|dTpI/);
    }
  });

  it('that has a name of other letters, a query or an old sign-in in its address', async () => {
    const files = keeping(() => false);
    const { request } = await upload('film.mp4', {
      url: `${url.replace('http://', 'http://me:x@')}/电影?v=1`,
    });
    expect((await folder.run(request)).result).toMatchObject({ outcome: 'uploaded' });
    expect([...files.keys()].map(decodeURIComponent)).toEqual(['/电影/film.mp4']);
  });
});

describe('an S3 store that can’t be trusted', () => {
  const partSize = 5 * MiB;
  const s3 = (endpoint: string) => ({
    kind: 's3' as const,
    settings: { endpoint, bucket: 'films', region: 'us-east-1', prefix: '', pathStyle: true, partSize },
    secrets: { accessKey: 'STUB', secretKey: 'STUB-SECRET' },
  });
  it('that answers 200 with an error when it puts parts together: it is asked again, and the file is there', async () => {
    const stub = await startS3Stub();
    try {
      let errors = 2;
      handle = passOn(stub, (request, response) => {
        if (request.method !== 'POST' || !request.url?.includes('uploadId=') || errors === 0) return false;
        errors -= 1;
        response.writeHead(200, { 'content-type': 'application/xml' });
        response.end(
          '<?xml version="1.0"?><Error><Code>InternalError</Code><Message>try again</Message></Error>',
        );
        return true;
      });
      const source = await makeNoise(join(folder.root, 'film'), 2 * partSize);
      const work = { do: 'upload' as const, path: 'film.mp4', onOther: 'rename' as const, source };
      const { result } = await folder.run(folder.request(s3(url), work));
      expect(result).toMatchObject({ outcome: 'uploaded', result: { retries: 2 } });
      expect(stub.objects.get('film.mp4')?.sha256).toBe(source.sha256);
      expect(stub.uploads.size).toBe(0);
      expect([...stub.counts.parts.values()]).toEqual([1, 1]);
    } finally {
      await stub.close();
    }
  });

  it('by whose clock ours is wrong: requests are signed by its time from then on', async () => {
    const stub = await startS3Stub();
    try {
      let refused = 0;
      const hour = 3_600_000;
      handle = passOn(stub, (request, response) => {
        const [, day, time] = /^(\d{8})T(\d{6})Z$/.exec(String(request.headers['x-amz-date'])) ?? [];
        const signed = Date.parse(
          `${day?.replace(/(....)(..)/, '$1-$2-')}T${time?.replace(/(..)(..)/, '$1:$2:')}Z`,
        );
        const now = Date.now() + 2 * hour;
        response.setHeader('date', new Date(now).toUTCString());
        if (Math.abs(now - signed) < hour / 4) return false;
        refused += 1;
        response.writeHead(403, { 'content-type': 'application/xml' });
        response.end(
          request.method === 'HEAD'
            ? undefined
            : '<Error><Code>RequestTimeTooSkewed</Code><Message>too large</Message></Error>',
        );
        return true;
      });
      const source = await makeNoise(join(folder.root, 'film'), 1_000);
      const work = { do: 'upload' as const, path: 'film.mp4', onOther: 'rename' as const, source };
      const { result } = await folder.run(folder.request(s3(url), work));
      expect(result).toMatchObject({ outcome: 'uploaded' });
      expect(refused).toBe(1);
    } finally {
      await stub.close();
    }
  });

  it.each<[what: string, worse: Handler, why: RegExp]>([
    ['whose errors do not end', (_request, response) => endless(response.writeHead(500)), /away/],
    [
      'that answers a page',
      (_request, response) => void response.writeHead(200).end('<html>Sign in</html>'),
      /away|refused/,
    ],
    [
      'whose error has the name of something of ours',
      (_request, response) => void response.writeHead(403).end('<Error><Code>constructor</Code></Error>'),
      /refused/,
    ],
  ])('%s: the attempt ends with a word about it', async (_what, worse, why) => {
    handle = (request, response) => {
      request.resume();
      request.once('end', () => {
        if (request.method === 'HEAD') response.writeHead(404).end();
        else worse(request, response);
      });
    };
    const source = await makeNoise(join(folder.root, 'film'), 2 * partSize);
    const work = { do: 'upload' as const, path: 'film.mp4', onOther: 'rename' as const, source };
    const { result } = await folder.run(folder.request(s3(url), work, { patienceMs: 0 }));
    expect(result).toMatchObject({ outcome: 'failed', why: expect.stringMatching(why) });
  });
});

const stats =
  '{"level":"notice","msg":"3 MiB / 9 MiB, 403 KiB/s","stats":{"bytes":3507507,"eta":403,"speed":507.4}}';
it.each([
  [`${stats}\n{"level":"error","msg":"film: Failed to copy: connection reset"}\n${stats}`, 'away'],
  [`${stats}\n{"level":"error","msg":"clip 507 of 403.mp4: connection reset"}`, 'away'],
  ['{"level":"error","msg":"Failed to copy: 507 Insufficient Storage"}', 'full'],
  ['{"level":"error","msg":"error 403: Forbidden"}', 'refused'],
  ['2026/11/27 10:00:00 ERROR : film: status code: 401', 'refused'],
])('rclone is taken at its errors, and not at its figures: %s', (log, kind) => {
  expect(rcloneFault(1, log).kind).toBe(kind);
});

it.each([
  ['2026/11/27 10:00:00 ERROR : film: Failed to copy: no such host', 'film: Failed to copy: no such host'],
  ['{"level":"error","msg":"Failed to copy: no such host"}', 'Failed to copy: no such host'],
  [`${'x'.repeat(180)} ERROR HIDDENabcdefghijklmnop`, `${'x'.repeat(180)} ERROR •••`],
])('the last words of rclone, %s', (words, shown) => {
  const redactor = new Redactor({ kind: 'rclone', settings: {}, secrets: { config: config } });
  expect(redactor.line(rcloneFault(1, words).heard)).toBe(shown);
});
