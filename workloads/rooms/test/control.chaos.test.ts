import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { liveEnvironment } from '../testing/live-product.ts';
import { findWorker, noWorker } from '../testing/media-house.ts';
import { type Part, startPart } from '../testing/part.ts';
import { publishRtp, type RtpPublisher } from '../testing/rtp-publisher.ts';
import { SteadyViewer } from '../testing/steady-viewer.ts';

/**
 * kill -9 of control planes and agents under a room of twenty: media goes on without a packet lost, everybody's signalling
 * goes on with the same session, and afterwards everything works for everybody.
 */
const worker = await findWorker();
const people = Number(process.env.BACKLOT_TEST_PEOPLE ?? 19);
const rounds = Number(process.env.BACKLOT_TEST_ROUNDS ?? 2);
const patience = { timeout: 60_000, interval: 100 };

describe.skipIf(!worker)(`a room of ${people + 1} (${worker ? 'real workers' : noWorker})`, () => {
  let database: TestDatabase;
  let dataDir: string;
  let control: Part<{ url: string; port: number; joinToken: string }>;
  let agent: Part<{ nodeId: string }>;
  let publisher: RtpPublisher;
  const viewers: SteadyViewer[] = [];

  const startControl = (port: number) =>
    startPart<{ url: string; port: number; joinToken: string }>(
      'control-program.ts',
      [database.url, join(dataDir, 'control'), String(port)],
      liveEnvironment,
    );
  const startAgent = (token = '') =>
    startPart<{ nodeId: string }>(
      'agent-program.ts',
      [control.said.url, join(dataDir, 'node'), token],
      liveEnvironment,
    );

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'backlot-rooms-chaos-'));
    database = await createTestDatabase({ empty: true });
    control = await startControl(0);
    agent = await startAgent(control.said.joinToken);
    publisher = await publishRtp(
      { call: broadcast as never },
      { owner: 'stage', kind: 'audio', packetsPerSecond: 50 },
    );
    const wsUrl = `${control.said.url.replace('http', 'ws')}/rooms/ws`;
    for (let n = 0; n < people; n += 1) {
      viewers.push(await SteadyViewer.join(wsUrl, 'chaos', `viewer-${n}`));
    }
  }, 180_000);

  afterAll(async () => {
    publisher?.close();
    for (const viewer of viewers) viewer.close();
    await agent?.end();
    await control?.end();
    await database?.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function post(path: string, body: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`${control.said.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(40_000),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {};
  }

  /** The publisher's two calls, by the demo's broadcaster API: a program that needs no signalling. */
  async function broadcast(method: string, payload: Record<string, unknown>): Promise<object> {
    const base = '/rooms/chaos/broadcasters';
    if (method === 'createPlainTransport') {
      // The room is made by its first guest; broadcasters come to what is there.
      const first = await SteadyViewer.join(
        `${control.said.url.replace('http', 'ws')}/rooms/ws`,
        'chaos',
        'opener',
      );
      await post(base, { id: 'stage', displayName: 'Stage', device: { name: 'test' } });
      const { id, port } = await post(`${base}/stage/transports`, {
        type: 'plain',
        rtcpMux: true,
        comedia: true,
      });
      first.close();
      return { transportId: id, tuple: { localPort: port } };
    }
    const { kind, rtpParameters, transportId } = payload;
    const { id } = await post(`${base}/stage/transports/${String(transportId)}/producers`, {
      kind,
      rtpParameters,
    });
    return { producerId: id };
  }

  /** Everybody receives, and everybody hears what anybody says. */
  async function everybodyIsWell(round: string): Promise<void> {
    const before = viewers.map(({ received }) => received);
    await expect
      .poll(() => viewers.filter(({ received }, n) => received <= (before[n] ?? 0) + 20).length, patience)
      .toBe(0);
    const [first, ...others] = viewers;
    await first?.person.request('changeDisplayName', { displayName: `first ${round}` });
    for (const { person } of others) {
      await person.until(
        () =>
          person.said('peerDisplayNameChanged').some(({ displayName }) => displayName === `first ${round}`),
        `${person.options.identity} hears of ${round}`,
      );
    }
    const late = await SteadyViewer.join(
      `${control.said.url.replace('http', 'ws')}/rooms/ws`,
      'chaos',
      `late-${round}`,
    );
    await expect.poll(() => late.received, patience).toBeGreaterThan(20);
    await late.person.request('leave').catch(() => undefined);
    late.close();
  }

  it('begins well', async () => {
    await everybodyIsWell('begin');
  }, 120_000);

  it(`loses no packet and nobody when the control plane is killed, ${rounds} times`, async () => {
    for (let round = 1; round <= rounds; round += 1) {
      const missing = viewers.map((viewer) => viewer.missing);
      const received = viewers.map((viewer) => viewer.received);
      const sent = publisher.sent;
      const { port } = control.said;
      await control.kill();
      control = await startControl(port);
      await expect
        .poll(() => viewers.filter(({ resumed }) => resumed.length < round).length, patience)
        .toBe(0);
      expect(viewers.map((viewer) => viewer.missing)).toEqual(missing);
      // What was sent while there was no control plane has come.
      expect(publisher.sent - sent).toBeGreaterThan(20);
      for (const [n, viewer] of viewers.entries()) {
        expect(viewer.received - (received[n] ?? 0)).toBeGreaterThan(20);
        expect(viewer.person.askedFor('newConsumer')).toHaveLength(1);
      }
      await everybodyIsWell(`control-${round}`);
    }
  }, 300_000);

  it(`loses no packet and nobody when the agent is killed, ${rounds} times`, async () => {
    for (let round = 1; round <= rounds; round += 1) {
      const missing = viewers.map((viewer) => viewer.missing);
      await agent.kill();
      agent = await startAgent();
      await everybodyIsWell(`agent-${round}`);
      expect(viewers.map((viewer) => viewer.missing)).toEqual(missing);
      expect(viewers.map(({ person }) => person.askedFor('newConsumer').length)).toEqual(
        viewers.map(() => 1),
      );
    }
  }, 300_000);

  it('loses nobody when both are killed at once', async () => {
    const missing = viewers.map((viewer) => viewer.missing);
    const { port } = control.said;
    await Promise.all([control.kill(), agent.kill()]);
    control = await startControl(port);
    agent = await startAgent();
    await expect
      .poll(() => viewers.filter(({ resumed }) => resumed.length < rounds + 1).length, patience)
      .toBe(0);
    await everybodyIsWell('both');
    expect(viewers.map((viewer) => viewer.missing)).toEqual(missing);
  }, 180_000);
});
