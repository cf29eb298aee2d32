import { chmodSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestNode, type TestNode } from '@backlot/testkit/run-task';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readMediaSettings, workersWanted } from '../media/settings.ts';
import { locateWorkers, mediasoupVersion, workerCaches } from './locate.ts';
import { sfuProbe } from './probe.ts';
import { bindingRequestTo, isDtls, isStun } from './stun.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-worker-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that ends as a worker does that can't start. */
function program(path: string, changed: number): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, '#!/bin/sh\nexit 3\n');
  chmodSync(path, 0o755);
  utimesSync(path, changed, changed);
  return path;
}

describe('where a worker is looked for', () => {
  it('is where the configuration says, and nowhere else then', async () => {
    const named = program(join(folder, 'named'), 1);
    expect(await locateWorkers({ BACKLOT_MEDIASOUP_WORKER: named })).toEqual([named]);
    expect(await locateWorkers({ BACKLOT_MEDIASOUP_WORKER: join(folder, 'none') })).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')('is the cache, the newest of this version first', async () => {
    const env = { XDG_CACHE_HOME: join(folder, 'cache'), MEDIASOUP_WORKER_BIN: 'skip' };
    const [cache = ''] = workerCaches(env);
    const old = program(join(cache, `${mediasoupVersion}-aaaa`, 'mediasoup-worker'), 1_000);
    const recent = program(join(cache, `${mediasoupVersion}-bbbb`, 'mediasoup-worker'), 2_000);
    program(join(cache, '3.0.0-cccc', 'mediasoup-worker'), 3_000);
    expect((await locateWorkers(env)).filter((path) => path.startsWith(folder))).toEqual([recent, old]);
  });
});

describe('the settings of a media host', () => {
  const machine = { cores: 4, addresses: ['192.0.2.7', '192.0.2.8'] };

  it('are one worker per core, on all addresses, announced by one of them', () => {
    expect(readMediaSettings({}, 'worker', machine)).toMatchObject({
      workers: 4,
      listenIp: '0.0.0.0',
      announcedAddresses: ['192.0.2.7'],
      basePort: 44_444,
      enableTcp: true,
      statusLogMs: 30_000,
    });
    expect(readMediaSettings({}, 'worker', { cores: 1, addresses: [] }).announcedAddresses).toEqual([
      '127.0.0.1',
    ]);
  });

  it('are what the environment says, in our words or in the demo’s', () => {
    const ours = {
      BACKLOT_ROOMS_WORKERS: '2',
      BACKLOT_ROOMS_LISTEN_IP: '10.0.0.1',
      BACKLOT_ROOMS_ANNOUNCED: 'media.example.org, 203.0.113.9',
      BACKLOT_ROOMS_PORT: '50000',
      BACKLOT_ROOMS_TCP: 'false',
      BACKLOT_ROOMS_LOG_LEVEL: 'error',
    };
    expect(readMediaSettings(ours, 'worker', machine)).toMatchObject({
      workers: 2,
      listenIp: '10.0.0.1',
      announcedAddresses: ['media.example.org', '203.0.113.9'],
      basePort: 50_000,
      enableTcp: false,
      logLevel: 'error',
    });
    const demo = {
      MEDIASOUP_LISTEN_IP: '10.0.0.1',
      MEDIASOUP_ANNOUNCED_IP: '203.0.113.9',
      WORKER_CERT_FULLCHAIN: 'chain.pem',
      WORKER_CERT_PRIVKEY: 'key.pem',
    };
    expect(readMediaSettings(demo, 'worker', machine)).toMatchObject({
      listenIp: '10.0.0.1',
      announcedAddresses: ['203.0.113.9'],
      dtlsCertificateFile: 'chain.pem',
      dtlsPrivateKeyFile: 'key.pem',
    });
  });

  it('are refused when they make no sense, and a nonsense number of workers is one per core', () => {
    expect(() => readMediaSettings({ BACKLOT_ROOMS_PORT: 'many' }, 'worker', machine)).toThrow(/basePort/);
    expect(workersWanted({ BACKLOT_ROOMS_WORKERS: '-1' }, 8)).toBe(8);
  });
});

describe('STUN', () => {
  it('is told from DTLS by its first byte, and has the right lengths', () => {
    const request = bindingRequestTo({ usernameFragment: 'abcd', password: 'secret' });
    expect(isStun(request)).toBe(true);
    expect(isDtls(request)).toBe(false);
    expect(request.readUInt16BE(2)).toBe(request.length - 20);
    expect(isDtls(Buffer.from([22, 0xfe, 0xfd]))).toBe(true);
  });
});

describe('the proof of a worker', () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await openTestNode();
  });
  afterAll(() => node?.close());

  const probe = (env: Record<string, string | undefined>) =>
    sfuProbe.probe({
      run: node.run,
      log: pino({ level: 'silent' }),
      signal: new AbortController().signal,
      scratch: node.scratch,
      env: { PATH: process.env.PATH, ...env },
    });

  it('fails for a program that is none, and costs nothing else', async () => {
    const path = program(join(folder, 'impostor'), 1);
    expect(await probe({ BACKLOT_MEDIASOUP_WORKER: path })).toEqual([]);
  });

  it('is a DTLS handshake, and brings packets to give', async (context) => {
    const [path] = await locateWorkers(process.env);
    if (!path) return context.skip();
    const [capability] = await probe({ BACKLOT_MEDIASOUP_WORKER: path, BACKLOT_ROOMS_WORKERS: '2' });
    expect(capability).toMatchObject({
      name: 'sfu',
      version: mediasoupVersion,
      details: { path, workers: 2 },
      provides: { packets: 60_000 },
    });
    expect(capability?.proof).toMatch(/shook hands by DTLS/);
  });
});
