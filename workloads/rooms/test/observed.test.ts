import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { readTraceparent } from '@backlot/contract/trace/traceparent';
import { type OtlpReceiver, startOtlpReceiver } from '@backlot/testkit/otlp-receiver';
import { openTracer } from '@backlot/tracing';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import WebSocket from 'ws';
import { runConsole } from '../cli/console/run-console.ts';
import { RoomsApi } from '../cli/rooms-api.ts';
import type { ConsoleAnswer } from '../contract/api.ts';
import { RoomEventList } from '../contract/api.ts';
import { ffmpegStreams, PlainAnswer } from '../testing/ffmpeg-broadcaster.ts';
import { chromePlays, chromePublishes } from '../testing/offers.ts';
import { hasWorker, type RoomsProduct, startRoomsProduct } from '../testing/product.ts';

const patience = { timeout: 60_000, interval: 100 };

/** What of rooms can be seen from outside: traces, metrics, the log of a room, the console. On the real product. */
describe.skipIf(!(await hasWorker()))('rooms are observed', { timeout: 180_000 }, () => {
  let receiver: OtlpReceiver;
  let product: RoomsProduct;
  let closeTracers: () => Promise<void>;

  beforeAll(async () => {
    receiver = await startOtlpReceiver();
    const env = { BACKLOT_OTLP_URL: receiver.url };
    const tracer = await openTracer({ service: 'backlot-control', env });
    const nodeTracer = await openTracer({ service: 'backlot-node', env });
    closeTracers = async () => void (await Promise.all([tracer.close(), nodeTracer.close()]));
    product = await startRoomsProduct({ tracer, nodeTracer, hostEnvironment: env });
  }, 180_000);
  afterAll(async () => {
    await product?.close();
    await closeTracers?.();
    await receiver?.close();
  });

  async function get(path: string) {
    const response = await fetch(`${product.url}${path}`, {
      headers: { authorization: `Bearer ${product.adminToken}` },
    });
    expect(response.status).toBe(200);
    return response;
  }
  const offer = (path: string, body: string, token: string) =>
    fetch(`${product.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/sdp', authorization: `Bearer ${token}` },
      body,
    });

  it('a join is one trace through the API, signalling, the agent and the media host', async () => {
    await product.openRoom('traced', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const traceId = 'c0ffee'.padEnd(32, '0');
    const traceparent = `00-${traceId}-${'1'.repeat(16)}-01`;
    const issued = await fetch(`${product.url}/api/v1/rooms/traced/tokens`, {
      method: 'POST',
      headers: {
        traceparent,
        authorization: `Bearer ${product.adminToken}`,
        'content-type': 'application/json',
      },
      body: JSON.stringify({ identity: 'ada' }),
    });
    const { token } = (await issued.json()) as { token: string };
    const socket = new WebSocket(
      `${product.url.replace('http', 'ws')}/rooms/ws?roomId=traced&client=backlot`,
      ['protoo', `backlot.token.${token}`],
    );
    await once(socket, 'open');
    const ask = (id: number, method: string, data: object) =>
      new Promise<Record<string, unknown>>((resolve, reject) => {
        const listen = (raw: WebSocket.RawData) => {
          const frame = JSON.parse(raw.toString());
          if (frame.response !== true || frame.id !== id) return;
          socket.off('message', listen);
          if (frame.ok) resolve(frame.data);
          else reject(new Error(frame.errorReason));
        };
        socket.on('message', listen);
        socket.send(JSON.stringify({ request: true, id, method, data, traceparent }));
      });
    await ask(1, 'getRouterRtpCapabilities', {});
    await ask(2, 'createWebRtcTransport', { direction: 'producer' });
    await ask(3, 'join', { displayName: 'Ada', device: {} });
    socket.terminate();

    const mine = () => receiver.spans.filter((span) => span.traceId === traceId);
    const names = (service: string) =>
      mine()
        .filter((span) => span.service === service)
        .map(({ name }) => name);
    await vi.waitFor(() => {
      expect(names('backlot-control')).toEqual(
        expect.arrayContaining([
          'POST /api/v1/rooms/:room/tokens',
          'rooms.signal join',
          'rooms.signal createWebRtcTransport',
          'rooms.createWebRtcTransport',
        ]),
      );
      expect(names('backlot-node')).toContain('rooms.createWebRtcTransport');
      expect(names('backlot-host')).toContain('rooms.createWebRtcTransport');
    }, patience);
    // Each is the child of the one that asked for it: host of node, node of control, control of signalling.
    const byId = new Map(mine().map((span) => [span.spanId, span]));
    const host = mine().find(
      ({ service, name }) => service === 'backlot-host' && name.endsWith('createWebRtcTransport'),
    );
    const path: string[] = [];
    for (let span = host; span; span = byId.get(span.parentSpanId ?? ''))
      path.push(`${span.service} ${span.name}`);
    expect(path).toEqual([
      'backlot-host rooms.createWebRtcTransport',
      'backlot-node rooms.createWebRtcTransport',
      'backlot-control rooms.createWebRtcTransport',
      'backlot-control rooms.signal createWebRtcTransport',
    ]);
    // And the first of them of the client’s own span.
    const signalled = mine().find(({ name }) => name === 'rooms.signal createWebRtcTransport');
    expect(signalled?.parentSpanId).toBe(readTraceparent(traceparent)?.spanId);
    expect(mine().length).toBeGreaterThanOrEqual(5);
  });

  it('the eleven metrics of ROV are there by name and type, and count what there is', async () => {
    await product.openRoom('counted', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const publisher = await product.token('counted', 'camera', { join: false });
    const live = await offer('/whip/counted', chromePublishes, publisher);
    const played = await offer('/whep/counted', chromePlays, publisher);
    expect([live.status, played.status]).toEqual([201, 201]);
    // The look at the hosts is every 15 s; whoever reads the metrics asks nobody.
    await vi.waitFor(async () => {
      const text = await (await get('/metrics')).text();
      const value = (line: string) => Number(new RegExp(`^${line} (\\S+)$`, 'm').exec(text)?.[1]);
      expect(value('activeRooms')).toBe(2);
      expect(value('totalPublishers')).toBe(2);
      expect(value('totalSubscribers')).toBe(2);
      expect(value('activeErizoJsProcesses')).toBe(2);
      expect(value('activeClients')).toBeGreaterThanOrEqual(2);
      expect(value('rpcCost_count{method="produce",outcome="ok"}')).toBe(2);
      for (const [name, type] of [
        ['activeRooms', 'gauge'],
        ['activeClients', 'gauge'],
        ['totalPublishers', 'gauge'],
        ['totalSubscribers', 'gauge'],
        ['activeErizoJsProcesses', 'gauge'],
        ['totalICEconnectionsFailed', 'counter'],
        ['totalDTLSconnectionsFailed', 'counter'],
        ['totalSCTPconnectionsFailed', 'counter'],
        ['produceScore', 'histogram'],
        ['consumeScore', 'histogram'],
        ['rpcCost', 'histogram'],
      ])
        expect(text).toContain(`# TYPE ${name} ${type}\n`);
    }, patience);
    for (const answer of [live, played])
      await fetch(new URL(answer.headers.get('location') ?? '', product.url), { method: 'DELETE' });
  });

  it('a room’s log is numbered without gaps, and the same facts reach webhooks', async () => {
    const room = await product.openRoom('logged', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const token = await product.token('logged', 'ada');
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const base = `${product.url}/rooms/logged/broadcasters`;
    const post = async (path: string, body: object) =>
      (await fetch(`${base}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })).json();
    await post('', { id: 'ada', displayName: 'Ada', device: {} });
    const transport = PlainAnswer.parse(await post('/ada/transports', { type: 'plain' }));
    await post(`/ada/transports/${transport.id}/producers`, ffmpegStreams.audio);
    await fetch(`${base}/ada`, { method: 'DELETE', headers: { authorization: `Bearer ${token}` } });
    await fetch(`${product.url}/api/v1/rooms/logged`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${product.adminToken}` },
    });
    const read = async (after = 0) =>
      RoomEventList.parse(await (await get(`/api/v1/rooms/${room.id}/events?after=${after}`)).json());
    await vi.waitFor(async () => {
      expect((await read()).items.at(-1)?.kind).toBe('rooms.room.closed');
    }, patience);
    const { items, last } = await read();
    expect(items.map(({ seq }) => seq)).toEqual(items.map((_, index) => index + 1));
    expect(last).toBe(items.length);
    const kinds = items.map(({ kind }) => kind);
    for (const kind of [
      'rooms.participant.joined',
      'rooms.track.published',
      'rooms.track.unpublished',
      'rooms.participant.left',
    ] as const)
      expect(kinds).toContain(kind);
    expect(kinds.indexOf('rooms.participant.joined')).toBeLessThan(kinds.indexOf('rooms.track.published'));
    expect((await read(2)).items[0]?.seq).toBe(3);
    // What webhooks are sent is the kernel's events: one for each, with the same number.
    const events = await product.control.kernel.db
      .selectFrom('event')
      .select(['kind', 'body', 'project_id'])
      .where('subject_id', '=', room.id)
      .where('kind', 'like', 'rooms.%')
      .orderBy('seq')
      .execute();
    expect(events.map(({ kind, body }) => [kind, (body as { seq: number }).seq])).toEqual(
      items.map(({ kind, seq }) => [kind, seq]),
    );
    expect(new Set(events.map(({ project_id }) => project_id))).toEqual(new Set([product.projectId]));
  });

  it('the console answers over all nodes, from a pipe', async () => {
    await product.openRoom('looked-at', { emptyTimeoutS: 0, departureTimeoutS: 0 });
    const token = await product.token('looked-at', 'camera', { join: false });
    const live = await offer('/whip/looked-at', chromePublishes, token);
    expect(live.status).toBe(201);
    const api = new RoomsApi(product.api, new AbortController().signal);
    const items: ConsoleAnswer['nodes'][number][] = [];
    const warned: string[] = [];
    const input = new PassThrough();
    const running = runConsole({
      context: {
        say: (phrase) => phrase.en,
        signal: new AbortController().signal,
        out: {
          item: (value: never) => items.push(value),
          warn: (text: string) => warned.push(text),
        } as never,
      },
      ask: (request) => api.console(request),
      input,
      terminal: null,
    });
    input.end('u\nrooms\nlogLevel warn\nlogTags ice dtls\ndw\ndwrs\ndr\ndt\nst\ndp\nsp\ndc\nsc\ndt nobody\n');
    // No consumer is there, and no transport of that name: three commands have nothing to show.
    expect(await running).toBe(3);
    expect(warned.every((text) => text.includes('No media host knows'))).toBe(true);
    expect(new Set(items.map(({ nodeName }) => nodeName))).toEqual(new Set(['studio-1']));
    const [
      usage,
      rooms,
      level,
      tags,
      workers,
      servers,
      router,
      transport,
      transportStats,
      producer,
      producerStats,
    ] = items.map(({ data }) => data as never);
    expect(usage).toMatchObject({ workers: [{ state: 'running' }, { state: 'running' }] });
    expect(rooms).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'looked-at', producers: 2 })]),
    );
    expect(level).toEqual({ level: 'warn' });
    expect(tags).toEqual({ tags: ['ice', 'dtls'] });
    expect(workers).toHaveLength(2);
    expect(servers).toHaveLength(2);
    expect(router).toMatchObject({ id: expect.any(String) });
    expect(transport).toMatchObject({ id: expect.any(String) });
    expect(transportStats).toMatchObject({ stats: [{ type: 'webrtc-transport' }] });
    expect(producer).toMatchObject({ kind: expect.stringMatching(/audio|video/) });
    expect(producerStats).toMatchObject({ id: expect.any(String), stats: expect.any(Array) });
    const hosts = await (await get('/api/v1/rooms/hosts')).json();
    expect(hosts).toMatchObject({
      items: [{ nodeName: 'studio-1', usage: { mediasoup: expect.any(String) } }],
    });
  });
});
