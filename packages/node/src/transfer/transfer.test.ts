import { createHash, randomBytes } from 'node:crypto';
import { chmod, link, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { segmentName } from '../logs/segment-name.ts';
import { ControlHttp } from './control-http.ts';
import { InputCache } from './input-cache.ts';
import { LogUpload } from './log-upload.ts';
import { uploadOutput } from './output-upload.ts';

/**
 * The control plane's routes are played by a small server here, so that it can break off, lie and refuse at will;
 * the real routes meet this client in test/link.
 */
type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

const log = pino({ level: 'silent' });
let folder: string;
let server: Server;
let http: ControlHttp;
let answer: Answer;
let requests: { method: string; url: string; range: string | undefined; token: string | undefined }[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-transfer-'));
  requests = [];
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    const { method = '', url = '', headers } = request;
    requests.push({ method, url, range: headers.range, token: headers.authorization });
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => answer(request, response, Buffer.concat(chunks)));
    request.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  http = new ControlHttp(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, 2_000);
});
afterEach(async () => {
  http.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const quick = { clock: { ...systemClock, sleep: async () => undefined }, random: () => 0.5, log };
const problem = (response: ServerResponse, status: number, code: string) => {
  response.writeHead(status, { 'content-type': 'application/problem+json' });
  response.end(
    JSON.stringify({ type: 't', title: 't', status, detail: code, code, retryable: status >= 500 }),
  );
};

describe('inputs', () => {
  const bytes = randomBytes(300_000);
  const input = { digest: sha256(bytes), size: bytes.length };
  const source = { path: (digest: string) => `/inputs/${digest}`, token: () => 'secret' };
  const never = new AbortController().signal;
  const cache = (capacity = 10e6) =>
    new InputCache({ folder: join(folder, 'cache'), capacity, http, ...quick });
  const serve: Answer = (request, response) => {
    const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
    response.end(bytes.subarray(from));
  };

  it('are fetched once for everybody who wants them, verified, and handed out read-only', async () => {
    answer = serve;
    const inputs = cache();
    const targets = Array.from({ length: 5 }, (_, n) => join(folder, 'inputs', `${n}.bin`));
    await Promise.all(targets.map((target) => inputs.place(input, target, source, never)));
    expect(requests.length).toBe(1);
    expect(requests[0]?.token).toBe('Bearer secret');
    for (const target of targets) {
      expect(await readFile(target)).toEqual(bytes);
      expect((await stat(target)).mode & 0o222).toBe(0);
    }
    await cache().place(input, join(folder, 'later'), source, never);
    expect(requests.length).toBe(1);
  });

  it('go on where a broken transfer stopped', async () => {
    let tries = 0;
    answer = (request, response, body) => {
      tries += 1;
      if (tries > 2) return serve(request, response, body);
      const from = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from > 0 ? 206 : 200, { 'content-length': bytes.length - from });
      // Ended and not destroyed: a reset would take along what the other side has not read yet.
      response.write(bytes.subarray(from, from + 100_000), () => request.socket.end());
    };
    await cache().place(input, join(folder, 'input'), source, never);
    expect(await readFile(join(folder, 'input'))).toEqual(bytes);
    expect(requests.length).toBe(3);
    expect(requests[2]?.range).toMatch(/^bytes=\d+-$/);
  });

  it('that arrive damaged are fetched again and never handed out', async () => {
    let tries = 0;
    answer = (request, response, body) => {
      tries += 1;
      if (tries > 1) return serve(request, response, body);
      const wrong = Buffer.from(bytes);
      wrong.writeUInt8(wrong.readUInt8(1_000) ^ 1, 1_000);
      response.end(wrong);
    };
    await cache().place(input, join(folder, 'input'), source, never);
    expect(await readFile(join(folder, 'input'))).toEqual(bytes);
  });

  it('that somebody has changed on the disk are fetched anew', async () => {
    answer = serve;
    const inputs = cache();
    await inputs.place(input, join(folder, 'first'), source, never);
    // A process without a sandbox writes through its link.
    await chmod(join(folder, 'first'), 0o644);
    await writeFile(join(folder, 'first'), Buffer.alloc(bytes.length, 7));
    await inputs.place(input, join(folder, 'second'), source, never);
    expect(await readFile(join(folder, 'second'))).toEqual(bytes);
    expect(requests.length).toBe(2);
  });

  it('that are refused are not asked for for ever', async () => {
    answer = (_request, response) => problem(response, 404, 'blob_missing');
    await expect(cache().place(input, join(folder, 'input'), source, never)).rejects.toMatchObject({
      code: 'blob_missing',
    });
    expect(requests.length).toBe(1);
  });

  it('stop coming when nobody waits any more', async () => {
    const abort = new AbortController();
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1_000));
      abort.abort(new Error('called off'));
    };
    await expect(cache().place(input, join(folder, 'input'), source, abort.signal)).rejects.toThrow(
      'called off',
    );
  });

  it('make room for others, least recently used first, but not while somebody holds them', async () => {
    const files = Array.from({ length: 4 }, () => randomBytes(100_000));
    answer = (request, response) => {
      const digest = request.url?.split('/').at(-1);
      response.end(files.find((file) => sha256(file) === digest));
    };
    const inputs = cache(250_000);
    for (const [n, file] of files.entries()) {
      const target = join(folder, `${n}`);
      await inputs.place({ digest: sha256(file), size: file.length }, target, source, never);
      if (n !== 0) await rm(target);
    }
    const here = await Promise.all(
      files.map((file) => inputs.has({ digest: sha256(file), size: file.length })),
    );
    expect(here).toEqual([true, false, false, true]);
  });
});

describe('outputs', () => {
  const never = new AbortController().signal;
  const options = () => ({ http, ...quick, base: '/allocation', token: () => 'secret' });
  const output = { name: 'frames/0001.png', kind: 'frame', path: 'out.png', mediaType: 'image/png' };

  it('go up with their digest, and go on where an earlier try broke off', async () => {
    const bytes = randomBytes(3_000_000);
    await writeFile(join(folder, 'out.png'), bytes);
    let kept = Buffer.alloc(0);
    let puts = 0;
    answer = (request, response, body) => {
      if (request.method === 'HEAD') {
        response.setHeader('upload-offset', kept.length);
        return response.end();
      }
      const offset = Number(new URL(request.url ?? '', 'http://x').searchParams.get('offset'));
      expect(offset).toBe(kept.length);
      puts += 1;
      kept = Buffer.concat([kept, puts === 1 ? body.subarray(0, 1_000_000) : body]);
      return puts === 1 ? response.destroy() : response.end('{}');
    };
    const result = await uploadOutput(options(), folder, output, never);
    expect(kept).toEqual(bytes);
    expect(result).toMatchObject({ digest: sha256(bytes), size: bytes.length, name: output.name });
    expect(requests.map(({ method }) => method)).toEqual(['HEAD', 'PUT', 'HEAD', 'PUT']);
    expect(requests[1]?.url).toContain('/allocation/outputs/frames/0001.png?offset=0&size=3000000&sha256=');
  });

  it('are not taken for whole before the control plane has written that down', async () => {
    const bytes = randomBytes(500);
    await writeFile(join(folder, 'out.png'), bytes);
    const offsets: string[] = [];
    let staged = false;
    answer = (request, response) => {
      if (request.method === 'HEAD') {
        // All bytes are there, but the database went away before they were noted.
        response.setHeader('upload-offset', bytes.length);
        response.setHeader('upload-complete', staged ? '?1' : '?0');
        return response.end();
      }
      offsets.push(String(new URL(request.url ?? '', 'http://x').searchParams.get('offset')));
      if (offsets.length === 1) return problem(response, 503, 'database_unavailable');
      staged = true;
      return response.end('{}');
    };
    await uploadOutput(options(), folder, output, never);
    expect(staged).toBe(true);
    expect(offsets).toEqual(['0', '500']);
  });

  it('wait for a control plane that is away, and for a new token', async () => {
    await writeFile(join(folder, 'out.png'), 'picture');
    let puts = 0;
    answer = (request, response) => {
      if (request.method === 'HEAD') return problem(response, 404, 'not_found');
      puts += 1;
      if (puts === 1) return response.destroy();
      if (puts === 2) return problem(response, 503, 'database_unavailable');
      if (puts === 3) return problem(response, 401, 'unauthenticated');
      return response.end('{}');
    };
    await uploadOutput(options(), folder, output, never);
    expect(puts).toBe(4);
  });

  it('of another attempt are given up at once', async () => {
    await writeFile(join(folder, 'out.png'), 'picture');
    answer = (_request, response) => problem(response, 409, 'stale_fence');
    await expect(uploadOutput(options(), folder, output, never)).rejects.toMatchObject({
      code: 'stale_fence',
    });
    expect(requests.length).toBe(1);
  });

  it('that are empty are outputs too', async () => {
    await writeFile(join(folder, 'out.png'), '');
    answer = (_request, response) => response.end('{}');
    const result = await uploadOutput(options(), folder, output, never);
    expect(result).toMatchObject({ size: 0, digest: sha256(Buffer.alloc(0)) });
  });

  it('are plain files of the work folder and nothing else', async () => {
    answer = (_request, response) => response.end('{}');
    const work = join(folder, 'work');
    await mkdir(join(work, 'real'), { recursive: true });
    await writeFile(join(folder, 'secret'), 'of the machine');
    await symlink(join(folder, 'secret'), join(work, 'link'));
    await symlink(folder, join(work, 'up'));
    await link(join(folder, 'secret'), join(work, 'hard'));
    for (const path of ['link', 'up/secret', 'hard', '../secret', 'real', 'nothing', '/etc/passwd']) {
      await expect(uploadOutput(options(), work, { ...output, path }, never), path).rejects.toMatchObject({
        code: 'output_not_plain',
      });
    }
    expect(requests).toEqual([]);
  });
});

describe('logs', () => {
  it('go up as they grow, and an upload after a crash repeats exactly the chunk that was on its way', async () => {
    const logs = join(folder, 'logs');
    await mkdir(logs);
    const kept = new Map<string, Buffer>();
    let refuse = false;
    answer = (request, response, body) => {
      if (refuse) return problem(response, 503, 'blob_store_unavailable');
      kept.set(request.url ?? '', body);
      return response.end('{}');
    };
    const make = () =>
      new LogUpload({ http, clock: systemClock, log, logs, base: '/a', token: () => 'secret', everyMs: 10 });
    await writeFile(join(logs, segmentName('stdout', 0)), 'first\n');
    refuse = true;
    const broken = make();
    await broken.finish(1_000);
    // More was written before the next agent came: the chunk stays the one it was.
    await writeFile(join(logs, segmentName('stdout', 0)), 'first\nsecond\n');
    refuse = false;
    await make().finish(5_000);
    expect([...kept].map(([url, body]) => [url, body.toString()])).toEqual([
      ['/a/logs/stdout/0', 'first\n'],
      ['/a/logs/stdout/6', 'second\n'],
    ]);
  });
});
