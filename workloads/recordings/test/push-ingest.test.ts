import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { IngestServer } from '../node/ingest/ingest-server.ts';
import { pushAdapter } from '../node/ingest/push-adapter.ts';
import { PushDesk } from '../node/ingest/push-desk.ts';
import { collect, openContext } from './sources/collect.ts';
import { identityOf, isConfiguration, readTags } from './sources/flv-tags.ts';
import { complaintsOf, program, publish } from './sources/listeners.ts';
import { makeSample, type Sample } from './sources/sample.ts';
import { serialsIn } from './sources/serial-stamp.ts';

let folder: string;
let sample: Sample;
let server: IngestServer;
const desk = new PushDesk(systemClock);
const adapter = pushAdapter(desk);
const said: string[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-push-'));
  sample = makeSample(folder, { seconds: 4, gopSeconds: 1, bFrames: 2 });
  const cert = join(folder, 'cert.pem');
  const key = join(folder, 'key.pem');
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost'],
      ...['-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore', timeout: 170_000 },
  );
  server = await IngestServer.open({
    host: '127.0.0.1',
    port: 0,
    tls: { port: 0, cert: readFileSync(cert), key: readFileSync(key) },
    desk,
    clock: systemClock,
    log: (message, details) => said.push(`${message} ${JSON.stringify(details)}`),
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const address = (key: string) => `rtmp://127.0.0.1:${server.ports[0]}/live/${key}`;
const context = () => openContext(join(folder, 'scratch'), { clock: systemClock });
const spec = (key: string) => ({ kind: 'push', key });

async function awaitLive(key: string) {
  return await adapter.awaitLive?.(spec(key), context());
}

describe('a publisher', () => {
  it.each([0, 1])('gives every packet, exactly as it was, to whoever records (with TLS: %i)', async (tls) => {
    const key = `every-packet-${tls}`;
    const live = awaitLive(key);
    const to = tls ? `rtmps://127.0.0.1:${server.ports[1]}/live/${key}` : address(key);
    const publisher = publish({ path: sample.path, loops: 0, to });
    try {
      expect(await live).toMatchObject({ state: 'live' });
      const connection = await adapter.open(spec(key), context());
      const { bytes, end } = await collect(connection, () => false);
      expect(end).toMatchObject({ why: 'finished' });
      const { tags, rest } = readTags(bytes);
      expect(rest).toBe(0);
      const sent = readTags(readFileSync(sample.path)).tags.filter((tag) => !isConfiguration(tag));
      const media = tags.filter((tag) => !isConfiguration(tag) && tag.body[1] !== 2);
      // ffmpeg weaves sound and picture in another order than the file's.
      expect(new Set(media.map(identityOf))).toEqual(new Set(sent.map(identityOf)));
      expect(media).toHaveLength(sent.length);
      expect(tags[0]?.type).toBe(18);
      expect(serialsIn(bytes)).toEqual(Array.from({ length: 100 }, (_, n) => n));
      const file = join(folder, `${key}.flv`);
      writeFileSync(file, bytes);
      expect(complaintsOf(file)).toBe('');
    } finally {
      await publisher.close();
    }
  });

  it('is recorded from its first packet, also when the recorder comes late', async () => {
    const key = 'late-recorder';
    const live = awaitLive(key);
    const publisher = publish({ path: sample.path, to: address(key) });
    try {
      await live;
      await systemClock.sleep(700);
      const connection = await adapter.open(spec(key), context());
      const { bytes } = await collect(connection, (sofar) => serialsIn(sofar).length > 30);
      expect(serialsIn(bytes)[0]).toBe(0);
    } finally {
      await publisher.close();
    }
  });

  it('that is cut off is no end, and may come back', async () => {
    const key = 'comes-back';
    const live = awaitLive(key);
    const first = publish({ path: sample.path, to: address(key) });
    await live;
    const connection = await adapter.open(spec(key), context());
    const cut = collect(connection, () => false);
    await systemClock.sleep(300);
    await first.close();
    expect((await cut).end).toMatchObject({ why: 'closed' });
    const again = adapter.open(spec(key), context());
    const second = publish({ path: sample.path, to: address(key) });
    try {
      const { bytes } = await collect(await again, (sofar) => serialsIn(sofar).length > 10);
      expect(serialsIn(bytes)[0]).toBe(0);
    } finally {
      await second.close();
    }
  });

  it.each(['unknown', 'play'] as const)('without right is refused: %s', async (what) => {
    const before = said.length;
    if (what === 'unknown') {
      const publisher = publish({ path: sample.path, to: address('nobody-awaits-this') });
      await publisher.ended;
      expect(said.slice(before).join()).toContain('belongs to no channel');
      expect(said.join()).not.toContain('nobody-awaits-this');
    } else {
      const viewer = program('', [
        'ffmpeg',
        '-nostdin',
        '-v',
        'error',
        '-i',
        address('any'),
        '-f',
        'null',
        '-',
      ]);
      await viewer.ended;
      expect(viewer.said()).not.toBe('');
      expect(said.slice(before).join()).toContain('only taken in');
    }
  });

  it('with the key of somebody who publishes is refused', async () => {
    const key = 'only-one-at-a-time';
    const live = awaitLive(key);
    const first = publish({ path: sample.path, to: address(key) });
    try {
      await live;
      const connection = await adapter.open(spec(key), context());
      const recorded = collect(connection, (sofar) => serialsIn(sofar).length > 60);
      const second = publish({ path: sample.path, to: address(key) });
      await second.ended;
      expect(second.said()).not.toBe('');
      const numbers = serialsIn((await recorded).bytes);
      expect(numbers).toEqual(numbers.map((_, n) => n));
    } finally {
      await first.close();
    }
  });
});

describe('nobody there', () => {
  it('is an offline source, in words', async () => {
    // Its patience of some seconds, shortened.
    const after = (ms: number, then: () => void) => systemClock.after(ms / 40, then);
    const clock = { ...systemClock, after };
    const opening = adapter.open(spec('nobody-comes'), { ...context(), clock });
    await expect(opening).rejects.toMatchObject({ name: 'SourceRefused', why: 'offline' });
  });
});

/** Sends bytes and waits for the server's last word. */
async function shout(parts: readonly Buffer[]): Promise<void> {
  const socket: Socket = connect(server.ports[0] ?? 0, '127.0.0.1');
  socket.on('error', () => {});
  socket.resume();
  for (const part of parts) socket.write(part);
  await new Promise<void>((resolve) => {
    socket.once('close', () => resolve());
    socket.end();
  });
}

describe('whatever somebody sends', () => {
  const handshake = Buffer.concat([Buffer.from([3]), Buffer.alloc(2 * 1_536)]);

  it('ends at most its own connection', async () => {
    const key = 'goes-on-meanwhile';
    const live = awaitLive(key);
    const publisher = publish({ path: sample.path, to: address(key) });
    try {
      await live;
      const connection = await adapter.open(spec(key), context());
      const recorded = collect(connection, (sofar) => serialsIn(sofar).length > 90);
      await fc.assert(
        fc.asyncProperty(
          fc.boolean(),
          fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 5 }),
          async (shaken, parts) => {
            await shout([...(shaken ? [handshake] : []), ...parts.map((part) => Buffer.from(part))]);
          },
        ),
        { numRuns: 60 },
      );
      const numbers = serialsIn((await recorded).bytes);
      expect(numbers).toEqual(numbers.map((_, n) => n));
    } finally {
      await publisher.close();
    }
  });
});
