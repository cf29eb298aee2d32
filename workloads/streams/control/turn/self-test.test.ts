import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { TurnTestAnswer, turnPhrases } from '../../contract.ts';
import { type Coturn, hasCoturn, startCoturn } from '../../testing/coturn.ts';
import { testTurnServers } from './self-test.ts';

let undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

async function test(
  urls: readonly string[],
  secret: string | null = 'the-secret-of-tests',
  timeoutMs = 5_000,
) {
  const answer = await testTurnServers({
    turn: { urls, secret },
    clock: systemClock,
    timeoutMs,
    signal: AbortSignal.timeout(60_000),
  });
  return TurnTestAnswer.parse(answer);
}
const codes = (answer: TurnTestAnswer) => answer.checks.map(({ sentence }) => sentence.code);

describe('without a server', () => {
  it('says that there is none, and what that means', async () => {
    const answer = await test([]);
    expect(answer).toMatchObject({ ok: false, checks: [], advice: { code: 'streams.turn.none' } });
    expect(answer.advice?.message).toMatch(/BACKLOT_TURN_URLS/);
  });

  it.each([
    ['turn::19303', 'streams.turn.address_invalid'],
    ['turn:no-such-name.invalid:3478', 'streams.turn.name_unknown'],
  ])('%s: %s', async (url, code) => expect(codes(await test([url]))).toEqual([code]));

  it('tells apart a port where nobody listens, one where nobody answers, and one where somebody else does', async () => {
    const silent = createSocket('udp4').bind(0, '127.0.0.1');
    await once(silent, 'listening');
    const chatty = createSocket('udp4').bind(0, '127.0.0.1');
    chatty.on('message', (_message, from) => chatty.send('who are you?', from.port, from.address));
    await once(chatty, 'listening');
    const web = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    }).listen(0, '127.0.0.1');
    await once(web, 'listening');
    const closedPort = await unusedPort();
    undo = [() => silent.close(), () => chatty.close(), () => web.close()];
    const port = (one: { address(): AddressInfo | string | null }) => (one.address() as AddressInfo).port;
    const answer = await test(
      [
        `turn:127.0.0.1:${port(silent)}`,
        `turn:127.0.0.1:${port(chatty)}`,
        `turn:127.0.0.1:${port(web)}?transport=tcp`,
        `turns:127.0.0.1:${port(web)}`,
        `turn:127.0.0.1:${closedPort}?transport=tcp`,
        `turn:127.0.0.1:${closedPort}`,
      ],
      'x',
      1_500,
    );
    expect(codes(answer)).toEqual([
      'streams.turn.no_answer',
      'streams.turn.not_turn',
      'streams.turn.not_turn',
      'streams.turn.tls_failed',
      'streams.turn.connection_refused',
      'streams.turn.connection_refused',
    ]);
    expect(answer.ok).toBe(false);
    for (const { sentence } of answer.checks) expect(sentence.message).not.toMatch(/[{}]/);
  });
});

describe.skipIf(!hasCoturn)('with coturn', () => {
  let coturn: Coturn;
  const folder = mkdtempSync(join(tmpdir(), 'backlot-turn-test-'));
  const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };

  beforeAll(async () => {
    const made = spawnSync('openssl', [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '1',
      ],
      ...['-subj', '/CN=turn.test', '-keyout', certificate.key, '-out', certificate.cert],
    ]);
    coturn = await startCoturn(made.status === 0 ? { certificate } : {});
  });
  afterAll(async () => {
    await coturn.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is given an address, sends a packet through the relay, and gives the address back', async () => {
    const answer = await test(coturn.urls);
    expect(codes(answer)).toEqual(['streams.turn.works', 'streams.turn.works']);
    expect(answer.ok).toBe(true);
    expect(answer.checks[0]?.relayedAddress).toMatch(/^127\.0\.0\.1:\d+$/);
    await expect.poll(() => coturn.log().match(/refreshed.*lifetime=0/g)?.length).toBeGreaterThanOrEqual(4);
  });

  it('asks a STUN address only how it is seen', async () => {
    const answer = await test([`stun:127.0.0.1:${coturn.port}`], null);
    expect(codes(answer)).toEqual(['streams.turn.stun_works']);
  });

  it('finds the wrong secret', async () => {
    expect(codes(await test(coturn.urls, 'another-secret'))).toEqual([
      'streams.turn.wrong_secret',
      'streams.turn.wrong_secret',
    ]);
  });

  it('finds a certificate that nobody vouches for', async () => {
    if (coturn.tlsUrl === undefined) return;
    const answer = await test([coturn.tlsUrl]);
    expect(codes(answer)).toEqual(['streams.turn.tls_failed']);
    expect(answer.checks[0]?.sentence.message).toMatch(/certificate/);
  });

  it.each([
    [
      'a server that relays to nobody on its own machine',
      { allowLoopbackPeers: false },
      'streams.turn.allocates',
      true,
    ],
    ['a server that relays for anybody', { withoutCredentials: true }, 'streams.turn.open_relay', false],
    ['a server that is full', { userQuota: 1 }, 'streams.turn.over_quota', false],
  ])('tells %s', async (_what, options, code, ok) => {
    const other = await startCoturn(options);
    undo = [() => other.close()];
    const answer = await test([other.urls[0]]);
    expect(codes(answer)).toEqual([code]);
    expect(answer.ok).toBe(ok);
  });
});

it('has a sentence in both languages for everything that it can find', () => {
  for (const phrase of Object.values(turnPhrases)) expect(phrase.en && phrase['zh-CN']).toBeTruthy();
});

async function unusedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
