import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Page, Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { recordingsControl } from '../../control/index.ts';
import { webhookMaker } from './recorder-webhooks.ts';

/** NGlive's clients against a real control plane and database; the balancing server and the recorder are played here. */
const adminToken = 'the-administration-token-of-tests';
const base = '/api/v1/compat/nglive';
let folder: string;
let database: TestDatabase;
let control: Control;
let projectId: string;
let token: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-nglive-'));
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(folder, 'control'), adminToken },
    database: database.url,
    workloads: [recordingsControl],
    log: createLog({ name: 'test', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
  const api = new ApiClient({ baseUrl: control.url, token: adminToken });
  projectId = (await api.transport.call('GET', '/api/v1/projects', Page(Project))).items[0]?.id ?? '';
});
afterAll(async () => {
  await control?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask(method: string, path: string, body?: unknown, authorization = `Bearer ${adminToken}`) {
  const response = await fetch(`${control.url}${path}`, {
    method,
    headers: { authorization, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json: unknown = /^[[{]/.test(text) ? JSON.parse(text) : text;
  return { status: response.status, json: json as Record<string, unknown>, text };
}
const client = (path: string) => ask('GET', path, undefined, `Bearer ${token}`);
const put = (more: Record<string, unknown>) =>
  ask('PUT', base, { projectId, enabled: true, name: 'studio', recorder: 'resolver', ...more });

/** What an administrator has set for addresses that the control plane calls itself. */
const allowLoopback = (allowed: boolean) =>
  ask('PATCH', '/api/v1/settings', { webhooks: { allowPrivateNetworks: false, allowLoopback: allowed } });

describe('NGlive’s doors', () => {
  it('are closed until somebody opens them, and then only to the token', async () => {
    expect((await ask('GET', '/allroom')).status).toBe(401);
    expect((await ask('POST', '/webhook/?token=x', {})).status).toBe(401);
    expect((await ask('POST', `${base}/token`, { projectId })).json).toMatchObject({
      token: expect.any(String),
    });
    token = String((await ask('POST', `${base}/token`, { projectId })).json.token);
    expect((await client('/allroom')).status).toBe(401);
    expect((await put({})).json).toMatchObject({ enabled: true, hasToken: true });
    expect((await client('/allroom')).json).toEqual({ code: 0, data: [] });
    // An account's own token is none of the gateway's, and a wrong one is none.
    expect((await ask('GET', '/allroom')).status).toBe(401);
    expect((await ask('GET', `/allroom?token=${token}`, undefined, 'Bearer wrong')).status).toBe(401);
    expect((await ask('GET', `/allroom?token=${token}`, undefined, '')).status).toBe(200);
  });

  it('answer /addroom, /getroom, /allroom and /removeroom with the documented codes, always 200', async () => {
    for (const bad of [
      '',
      '?roomid=',
      '?roomid=abc',
      '?roomid=-1',
      '?roomid=0',
      '?roomid=1.5',
      '?roomid=23058%3Bdrop',
    ]) {
      expect(await client(`/addroom${bad}`)).toMatchObject({ status: 200, json: { code: 4031 } });
    }
    expect(await client('/getroom?roomid=23058')).toMatchObject({ status: 200, json: { code: 4042 } });
    const added = await client('/addroom?roomid=23058');
    expect(added).toMatchObject({
      status: 200,
      json: { code: 0, data: { roomId: 23_058, autoRecord: true, recording: false } },
    });
    expect(await client('/addroom?roomid=23058')).toMatchObject({ status: 200, json: { code: 4032 } });
    expect((await client('/getroom?roomid=23058')).json).toMatchObject({ code: 0, data: { roomId: 23_058 } });
    expect((await client('/allroom')).json).toMatchObject({ code: 0, data: [{ roomId: 23_058 }] });
    const channels = await ask('GET', '/api/v1/channels');
    expect(channels.json).toMatchObject({
      items: [{ settings: { source: { kind: 'resolver', url: 'https://live.bilibili.com/23058' } } }],
    });
    expect((await client('/removeroom?roomid=23058')).json).toMatchObject({ code: 0 });
    expect((await client('/removeroom?roomid=23058')).json).toMatchObject({ code: 4042 });
    expect((await client('/allroom')).json).toEqual({ code: 0, data: [] });
  });

  it('add a room once when two ask at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => client('/addroom?roomid=77')));
    expect(answers.map(({ json }) => json.code).toSorted()).toEqual([0, 4032, 4032, 4032, 4032, 4032]);
    await client('/removeroom?roomid=77');
  });

  it('refuse rooms of a real list of blocked ones with 4033, until they are taken off', async () => {
    expect(
      (await ask('POST', `${base}/blocked`, { projectId, roomId: 5, reason: 'asked not to' })).status,
    ).toBe(204);
    expect((await ask('GET', `${base}/blocked?projectId=${projectId}`)).json).toMatchObject({
      items: [{ roomId: 5, reason: 'asked not to' }],
    });
    expect(await client('/addroom?roomid=5')).toMatchObject({ status: 200, json: { code: 4033 } });
    expect((await ask('POST', `${base}/rooms`, { projectId, roomId: 5 })).json).toMatchObject({
      status: 422,
      code: 'room_blocked',
    });
    expect((await ask('DELETE', `${base}/blocked/5?projectId=${projectId}`)).status).toBe(204);
    expect((await client('/addroom?roomid=5')).json).toMatchObject({ code: 0 });
    await client('/removeroom?roomid=5');
  });

  it('have twins with real methods and statuses, for accounts', async () => {
    const created = await ask('POST', `${base}/rooms`, { projectId, roomId: 91 });
    expect(created).toMatchObject({ status: 201, json: { roomId: 91 } });
    expect((await ask('POST', `${base}/rooms`, { projectId, roomId: 91 })).json).toMatchObject({
      status: 409,
      code: 'room_exists',
    });
    expect((await ask('GET', `${base}/rooms/91?projectId=${projectId}`)).json).toMatchObject({ roomId: 91 });
    expect((await ask('DELETE', `${base}/rooms/91?projectId=${projectId}`)).status).toBe(204);
    expect((await ask('DELETE', `${base}/rooms/91?projectId=${projectId}`)).status).toBe(404);
    expect((await ask('POST', `${base}/rooms`, { projectId, roomId: 1 }, `Bearer ${token}`)).status).toBe(
      401,
    );
  });
});

describe('NGlive’s sockets', () => {
  it('tell who listens events and heartbeats, and do what is commanded', async () => {
    const closed = new WebSocket(`${control.url.replace('http', 'ws')}/nglive/ws?token=wrong`);
    const code = await new Promise((resolve) => closed.on('close', resolve));
    expect(code).toBe(1008);
    const socket = new WebSocket(`${control.url.replace('http', 'ws')}/nglive/ws?token=${token}`);
    const heard = listen(socket);
    await vi.waitUntil(() => heard.some(({ CMD }) => CMD === 'heartbeat'), { timeout: 60_000 });
    expect(heard.find(({ CMD }) => CMD === 'heartbeat')).toMatchObject({
      CMD: 'heartbeat',
      UUID: expect.any(String),
      name: 'studio',
      cpu: { percent: expect.any(Number) },
      memory: { total: expect.any(Number) },
      disk: { free: expect.any(Number) },
    });
    const recorder = webhookMaker({ roomId: 4 });
    const hook = (body: unknown) => ask('POST', `/webhook/?token=${token}`, body, '');
    await hook(recorder.sessionStarted());
    await hook(recorder.opening('4-n/a.flv'));
    await hook(recorder.closed('4-n/a.flv'));
    await hook(recorder.sessionEnded());
    await vi.waitUntil(() => heard.some(({ CMD }) => CMD === 'SessionEnded'), {
      timeout: 60_000,
      interval: 20,
    });
    const words = heard.map(({ CMD }) => CMD).filter((word) => word !== 'heartbeat');
    expect(words).toEqual(['SessionStarted', 'FileOpening', 'FileClosed', 'SessionEnded']);
    expect(heard.find(({ CMD }) => CMD === 'SessionStarted')?.ID).toBe(recorder.session);

    for (const bad of ['', '{', '[]', 'null', '{"CMD":7}', '{"CMD":"rm -rf /","echo":"e"}']) socket.send(bad);
    socket.send(JSON.stringify({ CMD: 'addroom', roomid: 'x', echo: 1 }));
    socket.send(JSON.stringify({ CMD: 'addroom', roomid: 61, echo: 2 }));
    socket.send(JSON.stringify({ CMD: 'removeroom', roomid: '61', echo: 3 }));
    await vi.waitUntil(() => heard.some(({ echo }) => echo === 3), { timeout: 60_000, interval: 20 });
    expect(heard.filter(({ code: answered }) => answered === 400)).toHaveLength(6);
    expect(heard.find(({ echo }) => echo === 1)).toMatchObject({ CMD: 'addroom', code: 4031 });
    expect(heard.find(({ echo }) => echo === 2)).toMatchObject({ code: 0, data: { roomId: 61 } });
    expect(heard.find(({ echo }) => echo === 3)).toMatchObject({ code: 0 });
    socket.close();
  });

  it('are dialled to no address that an administrator has not allowed', async () => {
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end('{}');
    });
    server.on('upgrade', (request, socket) => {
      heard.push(request.url ?? '');
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const targets = [
      { kind: 'http', url: `http://127.0.0.1:${port}/http` },
      { kind: 'socket', url: `ws://127.0.0.1:${port}/socket` },
    ];
    await allowLoopback(false);
    for (const target of targets)
      expect((await put({ reverse: [target] })).json).toMatchObject({ code: 'webhook_address_loopback' });
    await put({ reverse: [{ kind: 'socket', url: 'ws://169.254.169.254/latest' }] }).then(({ json }) =>
      expect(json).toMatchObject({ code: expect.stringMatching(/^webhook_address_/) }),
    );
    await allowLoopback(true);
    expect((await put({ reverse: targets })).status).toBe(200);
    await vi.waitUntil(() => heard.includes('/http') && heard.includes('/socket'), {
      timeout: 60_000,
      interval: 50,
    });
    // Forbidden afterwards: other settings can still be changed.
    await allowLoopback(false);
    expect((await put({ enabled: false })).status).toBe(200);
    await allowLoopback(true);
    await put({ reverse: [] });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  it('are dialled to a balancing server, again after it was away, and take its commands', async () => {
    const connections: { heard: Message[]; socket: WebSocket; request: IncomingMessage }[] = [];
    const serve = async (port: number) => {
      const server = new WebSocketServer({ host: '127.0.0.1', port });
      server.on('connection', (socket, request) =>
        connections.push({ heard: listen(socket), socket, request }),
      );
      await new Promise((resolve) => server.once('listening', resolve));
      return server;
    };
    let server = await serve(0);
    const { port } = server.address() as AddressInfo;
    const url = `ws://127.0.0.1:${port}/nglive/nglive_xa/ws?token=3b1e903e`;
    const view = await put({ reverse: [{ kind: 'socket', url, token: 'and-a-header' }] });
    // What lets us in over there is not shown to anybody.
    expect(view.text).not.toMatch(/3b1e903e|and-a-header/);
    expect(view.json.reverse).toMatchObject([{ kind: 'socket', hasToken: true }]);
    await vi.waitUntil(() => connections.length === 1, { timeout: 60_000, interval: 50 });
    const [first] = connections;
    expect(first?.request.url).toBe('/nglive/nglive_xa/ws?token=3b1e903e');
    expect(first?.request.headers.authorization).toBe('Bearer and-a-header');
    first?.socket.send(JSON.stringify({ CMD: 'addroom', roomid: 62, echo: 'a' }));
    await vi.waitUntil(() => first?.heard.some(({ echo }) => echo === 'a'), {
      timeout: 60_000,
      interval: 20,
    });
    expect(first?.heard.find(({ echo }) => echo === 'a')).toMatchObject({ code: 0, data: { roomId: 62 } });
    // It goes away; what happens meanwhile is told when it is back.
    for (const { socket } of connections) socket.terminate();
    await new Promise((resolve) => server.close(resolve));
    const recorder = webhookMaker({ roomId: 62 });
    await ask('POST', `/webhook/?token=${token}`, recorder.closed('62-n/a.flv'), '');
    server = await serve(port);
    await vi.waitUntil(() => connections.length === 2, { timeout: 60_000, interval: 50 });
    await vi.waitUntil(() => connections[1]?.heard.some(({ CMD }) => CMD === 'FileClosed'), {
      timeout: 60_000,
      interval: 50,
    });
    // Switched off: it is hung up.
    const gone = new Promise((resolve) => connections[1]?.socket.on('close', resolve));
    await put({ reverse: [] });
    await gone;
    await client('/removeroom?roomid=62');
    await new Promise((resolve) => server.close(resolve));
  });

  it('post to an address where only HTTP gets out, in order, and take commands from the answers', async () => {
    const heard: Message[] = [];
    let fail = 2;
    const server = createServer((request, response) => {
      let text = '';
      request.on('data', (piece) => (text += String(piece)));
      request.on('end', () => {
        if (fail > 0) {
          fail -= 1;
          response.statusCode = 503;
          response.end();
          return;
        }
        heard.push(JSON.parse(text));
        const command = { CMD: 'allroom', echo: 'c' };
        response.end(JSON.stringify(heard.length === 1 ? { commands: [command] } : {}));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await put({ reverse: [{ kind: 'http', url: `http://127.0.0.1:${port}/events`, token: 's' }] });
    await vi.waitUntil(() => heard.some(({ echo }) => echo === 'c'), { timeout: 60_000, interval: 50 });
    expect(heard[0]).toMatchObject({ CMD: 'heartbeat' });
    expect(heard.find(({ echo }) => echo === 'c')).toMatchObject({ code: 0, data: [] });
    await put({ reverse: [] });
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});

describe('NGlive’s config.ini', () => {
  it('becomes settings, a flow and the environment of a node', async () => {
    const ini = [
      '\uFEFF[BASIC]',
      '; a comment',
      'RecorderPath = ./BililiveRecorder/BililiveRecorder.Cli.exe',
      'api_port = 8200',
      'works_path = F:\\\\录播',
      'out_path = ./out',
      'NGhost = 127.0.0.1',
      'wspath = ws://127.0.0.1:9/nglive/ws?token=secret',
      '[TRANSCODE]',
      'model = VBR',
      'encoder = X264',
      'Bitrate = 3000',
      'preset = veryfast',
    ].join('\r\n');
    await put({ enabled: false, reverse: [] });
    const imported = await ask('POST', `${base}/import`, { projectId, ini });
    expect(imported.status).toBe(200);
    expect(imported.json).toMatchObject({
      gateway: { enabled: false, recorder: 'bililive', reverse: [{ hasToken: true }] },
      node: {
        BACKLOT_BILILIVE_BINARY: './BililiveRecorder/BililiveRecorder.Cli.exe',
        BACKLOT_BILILIVE_DIR: 'F:\\录播',
        BACKLOT_BILILIVE_PORT: '8200',
      },
      flow: {
        trigger: { kind: 'recordings.broadcast-ended' },
        steps: [
          { kind: 'recordings.join' },
          { kind: 'flow.for-each' },
          {
            kind: 'transcodes.transcode',
            with: { settings: { rate: { mode: 'vbr', bitrate: 3_000_000, maxBitrate: 6_000_000 } } },
          },
        ],
      },
    });
    expect(imported.text).not.toContain('secret');
    expect((await ask('POST', `${base}/import`, { projectId, ini: '[A]\nnonsense' })).json).toMatchObject({
      code: 'config_unreadable',
      status: 422,
    });
    await put({ enabled: true, reverse: [] });
  });
});

interface Message {
  readonly CMD?: string;
  readonly ID?: string;
  readonly echo?: unknown;
  readonly code?: number;
}
function listen(socket: WebSocket): Message[] {
  const heard: Message[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(String(data))));
  socket.on('error', () => {});
  return heard;
}
