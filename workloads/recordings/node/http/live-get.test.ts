import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { SourceRefused } from '../source-port.ts';
import { liveGet } from './live-get.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/live.flv`;
}

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return await listen(server);
}

/** A server that says exactly these bytes, slice by slice, after it was asked. */
async function say(slices: readonly string[], options: { readonly end?: boolean } = {}): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', async () => {
      for (const slice of slices) {
        socket.write(slice, 'latin1');
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      if (options.end !== false) socket.end();
    });
  });
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return await listen(server);
}

const options = (more: Partial<Parameters<typeof liveGet>[1]> = {}) => ({
  signal: new AbortController().signal,
  timeoutMs: 10_000,
  ...more,
});

/** All of a body, as text, and how it ended. */
async function read(url: string): Promise<{ text: string; error: string | undefined }> {
  const { answer } = await liveGet(url, options());
  // Whoever opened it takes it a little later.
  await new Promise((resolve) => setTimeout(resolve, 30));
  return await new Promise((resolve) => {
    let text = '';
    answer.start({
      bytes(bytes) {
        text += bytes.toString('latin1');
        // The recorder writes into what it is given.
        bytes.fill(0);
      },
      end: (error) => resolve({ text, error: error?.message }),
    });
  });
}

describe('a GET of something live', () => {
  it('gives what comes until the server ends it', async () => {
    const url = await say(['HTTP/1.1 200 OK\r\ncontent-type: video/x-flv\r\n\r\nFLV', 'one', 'two']);
    expect(await read(url)).toEqual({ text: 'FLVonetwo', error: undefined });
  });

  it('takes chunks apart wherever they are cut', async () => {
    const whole =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nFLV\r\nA;x=y\r\n0123456789\r\n0\r\nt: 1\r\n\r\n';
    for (const size of [1, 7, 64, whole.length]) {
      const slices = Array.from({ length: Math.ceil(whole.length / size) }, (_, n) =>
        whole.slice(n * size, (n + 1) * size),
      );
      expect(await read(await say(slices, { end: false }))).toEqual({
        text: 'FLV0123456789',
        error: undefined,
      });
    }
  });

  it('is the same from a real server, in chunks and counted', async () => {
    const body = 'x'.repeat(300_000);
    const chunked = await serve((_, response) => void response.end(body));
    const open = await serve((_, response) => {
      response.write(body.slice(0, 100_000));
      response.end(body.slice(100_000));
    });
    for (const url of [chunked, open]) expect(await read(url)).toEqual({ text: body, error: undefined });
  });

  it.each([
    ['in a chunk', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nFL'], 'FL'],
    ['before the last chunk', ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nFL\r\n'], 'FL'],
    ['before its length', ['HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nFLV'], 'FLV'],
  ])('tells that a body was cut off %s', async (_, slices, text) => {
    expect(await read(await say(slices))).toEqual({ text, error: 'The server cut the connection off.' });
  });

  it('tells of chunks that are none', async () => {
    const { error } = await read(await say(['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n']));
    expect(error).toBe('The server’s chunks are broken.');
  });

  it('passes over what comes before the answer', async () => {
    const url = await say(['HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n', 'HTTP/1.1 200 OK\r\n\r\nFLV']);
    expect(await read(url)).toEqual({ text: 'FLV', error: undefined });
  });

  it('follows redirects, with secrets for the same host only, and says who it is', async () => {
    const seen: Record<string, unknown>[] = [];
    const other = await serve(({ headers }, response) => {
      seen.push(headers);
      response.end('FLV');
    });
    const first = await serve(({ url, headers }, response) => {
      seen.push(headers);
      response.writeHead(302, { location: url === '/live.flv' ? '/again.flv' : other }).end();
    });
    const headers = { Cookie: 'a=b', referer: 'http://site.example/', 'Accept-Encoding': 'gzip' };
    const { answer, url } = await liveGet(first, options({ headers }));
    answer.drop();
    expect(url).toBe(other);
    expect(seen.map(({ cookie }) => cookie)).toEqual(['a=b', 'a=b', undefined]);
    expect(seen.map(({ referer }) => referer)).toEqual(Array(3).fill('http://site.example/'));
    expect(seen.map((sent) => sent['accept-encoding'])).toEqual(Array(3).fill(undefined));
    expect(seen.every((sent) => String(sent['user-agent']).includes('Backlot'))).toBe(true);
  });

  it.each([
    [404, 'offline'],
    [403, 'denied'],
    [415, 'unusable'],
  ])('makes an honest no of %i', async (status, why) => {
    const url = await serve((_, response) => void response.writeHead(status).end('no'));
    const error = await liveGet(url, options()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceRefused);
    expect((error as SourceRefused).why).toBe(why);
  });

  it.each([
    ['is no HTTP', ['SSH-2.0-OpenSSH\r\n'], 'The server does not speak HTTP.'],
    ['ends without an answer', [], 'The server cut the connection off.'],
  ])('fails at a server that %s', async (_, slices, message) => {
    await expect(liveGet(await say(slices), options())).rejects.toThrow(message);
  });

  it('lets go of a server that takes the connection and says nothing, in time and when it is told to', async () => {
    const url = await say([], { end: false });
    await expect(liveGet(url, options({ timeoutMs: 50 }))).rejects.toThrow('did not answer in time');
    const abort = new AbortController();
    const asked = liveGet(url, options({ signal: abort.signal }));
    setTimeout(() => abort.abort(new Error('enough')), 20);
    await expect(asked).rejects.toThrow('enough');
  });

  it('sends no header that would be two', async () => {
    const url = await serve((_, response) => void response.end());
    await expect(liveGet(url, options({ headers: { 'x-a': '1\r\nx-b: 2' } }))).rejects.toThrow(
      'can not be sent',
    );
  });

  it('speaks TLS, and only to who proves to be the one that was asked', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backlot-tls-'));
    closing.push(() => rmSync(folder, { recursive: true, force: true }));
    const [cert = '', key = ''] = ['cert.pem', 'key.pem'].map((name) => join(folder, name));
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
        ...['-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out', cert],
      ],
      { stdio: 'ignore', timeout: 60_000 },
    );
    const body = 'x'.repeat(300_000);
    const server = createSecureServer({ cert: readFileSync(cert), key: readFileSync(key) }, (_, response) =>
      response.end(body),
    );
    closing.push(() => void server.close());
    const url = (await listen(server)).replace('http://127.0.0.1', 'https://localhost');
    await expect(liveGet(url, options())).rejects.toThrow('self-signed');
    const before = tls.getCACertificates('default');
    closing.push(() => tls.setDefaultCACertificates(before));
    tls.setDefaultCACertificates([...before, readFileSync(cert, 'utf8')]);
    expect(await read(url)).toEqual({ text: body, error: undefined });
    await expect(liveGet(url.replace('localhost', '127.0.0.1'), options())).rejects.toThrow('127.0.0.1');
  });
});
