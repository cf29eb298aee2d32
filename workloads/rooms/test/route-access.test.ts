import { newId, Problem } from '@backlot/contract';
import { expectedStatus, type Rule } from '@backlot/testkit/access-rule';
import { type Caller, makeCallers } from '@backlot/testkit/callers';
import type { InjectOptions } from 'fastify';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Room, RoomPage } from '../contract.ts';
import { type RoomsControl, startRoomsControl } from '../testing/control.ts';
import { chromePublishes } from '../testing/offers.ts';

/** Who may use which route of rooms, by hand; every line is tried by every kind of caller. */
const table: Readonly<Record<string, Rule>> = {
  'POST /api/v1/rooms': 'rooms.write submitter project',
  'GET /api/v1/rooms': 'rooms.read viewer any',
  'GET /api/v1/rooms/hosts': 'nodes.read viewer any',
  'POST /api/v1/rooms/console': 'rooms.console admin everywhere',
  'GET /api/v1/rooms/:room': 'rooms.read viewer project',
  'PATCH /api/v1/rooms/:room': 'rooms.moderate operator project',
  'PUT /api/v1/rooms/:room/lock': 'rooms.moderate operator project',
  'GET /api/v1/rooms/:room/participants': 'rooms.read viewer project',
  'GET /api/v1/rooms/:room/participants/:identity': 'rooms.read viewer project',
  'GET /api/v1/rooms/:room/participants/:identity/stats': 'rooms.read viewer project',
  'PATCH /api/v1/rooms/:room/participants/:identity': 'rooms.moderate operator project',
  'DELETE /api/v1/rooms/:room/participants/:identity': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/participants/:identity/mute': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/participants/:identity/move': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/mute': 'rooms.moderate operator project',
  'GET /api/v1/rooms/:room/tracks': 'rooms.read viewer project',
  'GET /api/v1/rooms/:room/lobby': 'rooms.read viewer project',
  'POST /api/v1/rooms/:room/lobby/:identity/admit': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/lobby/:identity/deny': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/tokens': 'rooms.join submitter project',
  'DELETE /api/v1/rooms/:room/tokens': 'rooms.moderate operator project',
  'POST /api/v1/rooms/:room/data': 'rooms.moderate operator project',
  'GET /api/v1/rooms/:room/events': 'rooms.read viewer project',
  'GET /api/v1/rooms/:room/media': 'rooms.read viewer project',
  'POST /api/v1/rooms/:room/recordings': 'rooms.moderate operator project',
  'GET /api/v1/rooms/:room/recordings': 'rooms.read viewer project',
  'GET /api/v1/rooms/:room/recordings/:recording': 'rooms.read viewer project',
  'POST /api/v1/rooms/:room/recordings/:recording/stop': 'rooms.moderate operator project',
  'DELETE /api/v1/rooms/:room': 'rooms.moderate operator project',
};
/** Doors at which programs prove themselves to the handler, by a room token or a signature. */
const open = [
  'GET /rooms/:roomId',
  'POST /rooms/:roomId/broadcasters',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/join',
  'DELETE /rooms/:roomId/broadcasters/:broadcasterId',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/connect',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/producers',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/consume',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/consume/data',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/transports/:transportId/produce/data',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/producers',
  'GET /rooms/:roomId/broadcasters/:broadcasterId/peerProducersInfos',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/consumers',
  'POST /rooms/:roomId/broadcasters/:broadcasterId/consumers/:consumerId/resume',
  ...['whip', 'whep'].flatMap((kind) => [
    ...['POST', 'GET', 'PUT', 'OPTIONS'].map((method) => `${method} /${kind}/:room`),
    ...['PATCH', 'DELETE', 'GET', 'PUT', 'OPTIONS'].map((method) => `${method} /${kind}/:room/:session`),
  ]),
  'POST /nuve/services',
  'GET /nuve/services',
  'GET /nuve/services/:service',
  'DELETE /nuve/services/:service',
  'POST /nuve/rooms',
  'GET /nuve/rooms',
  'GET /nuve/rooms/:room',
  'PUT /nuve/rooms/:room',
  'DELETE /nuve/rooms/:room',
  'POST /nuve/rooms/:room/tokens',
  'GET /nuve/rooms/:room/users',
  'GET /nuve/rooms/:room/users/:user',
  'DELETE /nuve/rooms/:room/users/:user',
];
/** Stands for any answer of a handler: the caller was let in, whatever came of it. */
const letIn = 299;
const nowhere = newId();
const recording = newId();

let test: RoomsControl;
let project: string;
let room: string;
let callers: Caller[];
let tried = 0;

function inject(options: InjectOptions) {
  tried += 1;
  // Every try from an address of its own: limits are another test’s business.
  const remoteAddress = `10.${(tried >> 16) & 255}.${(tried >> 8) & 255}.${tried & 255}`;
  return test.control.http.app.inject({ remoteAddress, ...options });
}
const asAdmin = (options: InjectOptions) =>
  inject({ ...options, headers: { ...test.headers, ...options.headers } });

beforeAll(async () => {
  test = await startRoomsControl();
  project = await test.project('film');
  callers = await makeCallers(test, { project, elsewhere: await test.project('game') });
  const payload = { projectId: project, name: 'studio', settings: { emptyTimeoutS: 0 } };
  room = Room.parse((await asAdmin({ method: 'POST', url: '/api/v1/rooms', payload })).json()).id;
  await sql`
    INSERT INTO rooms_recording (id, project_id, room_id, room_name, name, automatic, selection, job_id, ended_at)
    VALUES (${recording}, ${project}, ${room}, 'studio', 'take', false, '{}', ${newId()}, now())`.execute(
    test.control.kernel.db,
  );
});
afterAll(() => test.close());

const bodies: Readonly<Record<string, () => object>> = {
  // Understood, and refused or without an effect: being let in is seen, and nothing is changed for the others.
  'POST /api/v1/rooms': () => ({ projectId: project, name: 'studio' }),
  'POST /api/v1/rooms/console': () => ({ command: 'usage' }),
  'PUT /api/v1/rooms/:room/lock': () => ({ locked: false }),
  'PATCH /api/v1/rooms/:room/participants/:identity': () => ({ role: 'viewer' }),
  'POST /api/v1/rooms/:room/participants/:identity/move': () => ({ to: room }),
  'POST /api/v1/rooms/:room/tokens': () => ({ identity: 'ada' }),
  'POST /api/v1/rooms/:room/data': () => ({ payload: 1 }),
};

function requestFor(route: string, thing = room): InjectOptions {
  const [method = 'GET', template = ''] = route.split(' ');
  const url = template
    .replace(/:(room|roomId|service|broadcasterId)\b/g, thing)
    .replace(':identity', 'nobody')
    .replace(':recording', recording)
    .replace(/:(session|transportId|consumerId|user)\b/g, 'x'.repeat(32));
  const query = route === 'DELETE /api/v1/rooms/:room/tokens' ? '?identity=ada' : '';
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? { payload: bodies[route]?.() ?? {} } : {};
  return { method: method as 'GET', url: `${url}${query}`, ...body };
}

describe('who may use which route of rooms', { timeout: 300_000 }, () => {
  it('is written down for every route there is, and for none that isn’t', () => {
    const registered = test.control.http
      .routes()
      .filter(({ url }) => /^\/(api\/v1\/rooms|rooms|whip|whep|nuve)(\/|$)/.test(url))
      .filter(({ method }) => method !== 'HEAD')
      .map(({ method, url }) => `${method} ${url}`);
    expect(registered.sort()).toEqual([...Object.keys(table), ...open].sort());
  });

  it('holds for every route and every kind of caller', async () => {
    const wrong: string[] = [];
    for (const [route, rule] of Object.entries(table)) {
      for (const caller of callers) {
        // What closes the room is tried with one that isn’t there for those who may.
        const wanted = expectedStatus(rule, caller, project, letIn);
        if (route === 'DELETE /api/v1/rooms/:room' && wanted === letIn) continue;
        const answer = await inject({ ...requestFor(route), headers: { ...caller.headers } });
        const found = seen(wanted, answer.statusCode, answer.body);
        if (found !== wanted)
          wrong.push(
            `${route} by ${caller.name}: ${answer.statusCode}, not ${wanted} ${answer.body.slice(0, 200)}`,
          );
      }
    }
    expect(wrong).toEqual([]);
  });

  /** The status, or `letIn` when the answer can only have come from the handler. */
  function seen(wanted: number, status: number, body: string): number {
    if (status < 300 || status === 409) return letIn;
    if (status !== 404 || wanted !== letIn) return status;
    const { code } = Problem.parse(JSON.parse(body));
    return code === 'participant_not_found' ? letIn : status;
  }

  it('keeps programs without a token or a signature out of the open doors', async () => {
    const offer = { 'content-type': 'application/sdp' };
    const answers = await Promise.all([
      inject({ method: 'GET', url: '/rooms/studio' }),
      inject({ method: 'POST', url: '/rooms/studio/broadcasters', payload: { id: 'x' } }),
      inject({ method: 'POST', url: '/whip/studio', payload: chromePublishes, headers: offer }),
      inject({
        method: 'POST',
        url: '/whep/studio',
        payload: chromePublishes.replaceAll('sendonly', 'recvonly'),
        headers: offer,
      }),
      inject({ method: 'GET', url: '/nuve/rooms' }),
      inject({ method: 'GET', url: '/nuve/services' }),
    ]);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 401, 401, 401]);
  });

  it('shows nobody rooms of other projects', async () => {
    const stranger = callers.find(({ name }) => name === 'administrator of another project');
    const list = await inject({ url: '/api/v1/rooms', headers: { ...stranger?.headers } });
    expect(RoomPage.parse(list.json()).items).toEqual([]);
    const asked = await inject({
      url: `/api/v1/rooms?projectId=${project}&state=any`,
      headers: { ...stranger?.headers },
    });
    expect(RoomPage.parse(asked.json()).items).toEqual([]);
  });
});

const long = 'x'.repeat(5_000);
/** Bodies that are malformed, hostile, or well-formed nonsense. */
const hostile: readonly string[] = [
  '',
  'null',
  '12',
  '"text"',
  '[]',
  '{"name":',
  '{"__proto__":{"admin":true}}',
  `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  '{"projectId":true,"name":[],"settings":""}',
  '{"projectId":PROJECT,"name":"../../etc"}',
  `{"projectId":PROJECT,"name":"${long}"}`,
  '{"projectId":PROJECT,"name":"a","settings":{"codecs":[]}}',
  '{"projectId":PROJECT,"name":"a","settings":{"codecs":["opus","opus"]}}',
  '{"projectId":PROJECT,"name":"a","settings":{"maxParticipants":1e999}}',
  '{"projectId":PROJECT,"name":"a","settings":{"metadata":"\\u0000"}}',
  '{"identity":"","role":"god"}',
  '{"identity":"a\\u0000b"}',
  `{"identity":"ada","ttlS":-1,"metadata":"${long}"}`,
  '{"identity":"ada","permissions":{"publish":["nothing"]}}',
  '{"payload":{"a":{"b":{"c":[]}}},"to":[null]}',
  '{"select":{"producerIds":[{}],"kinds":["smell"]}}',
  '{"command":"rm -rf","kind":"worker"}',
  '{"command":"dump","kind":"worker","id":"../../x"}',
  '{"id":"x","peerId":"y","rtpCapabilities":{"codecs":[{"kind":"audio"}]}}',
  '{"type":"plain","direction":"both","rtcpMux":"yes"}',
  '{"kind":"video","rtpParameters":{"codecs":[]}}',
  '{"kind":"audio","rtpParameters":{"codecs":[{"mimeType":"audio/opus","payloadType":999,"clockRate":0}]}}',
  '{"dtlsParameters":{"fingerprints":[]}}',
  '{"ip":"999.1.1.1","port":70000}',
  '{"name":"x","options":{"data":{"deep":[[[[]]]]}}}',
];
const queries = [
  'limit=0',
  'limit=NaN',
  'cursor=AAAA',
  'cursor=%00',
  'after=-1',
  'state=lost',
  'projectId[$ne]=1',
  '%',
];
const segments = ['x', '%00', '%ff', '..%2f..%2fetc', "'%20OR%201=1", 'a'.repeat(400), nowhere];

describe('no request to rooms makes us fail', { timeout: 300_000 }, () => {
  async function faultOf(options: InjectOptions): Promise<string[]> {
    const answer = await asAdmin(options);
    const what = `${options.method} ${options.url} ${String(options.payload ?? '').slice(0, 120)}`;
    // A room without a machine can’t be entered; that is an answer, not a fault.
    const known = ['room_without_place', 'room_media_lost'];
    if (answer.statusCode >= 500 && !known.includes(codeOf(answer.body)))
      return [`${what}: ${answer.statusCode} ${answer.body.slice(0, 300)}`];
    if (answer.statusCode < 400 || Problem.safeParse(JSON.parse(answer.body)).success) return [];
    return [`${what}: no problem document: ${answer.body.slice(0, 200)}`];
  }
  const codeOf = (body: string) => Problem.safeParse(JSON.parse(body)).data?.code ?? '';

  it('whatever its body', async () => {
    const faults: string[] = [];
    const changing = [...Object.keys(table), ...open].filter((route) => /^(POST|PATCH|PUT)/.test(route));
    for (const route of changing) {
      for (const body of hostile) {
        const payload = body.replaceAll('PROJECT', `"${project}"`);
        const headers = { 'content-type': 'application/json' };
        faults.push(...(await faultOf({ ...requestFor(route), payload, headers })));
      }
    }
    expect(faults).toEqual([]);
  });

  it('whatever its path and query', async () => {
    const faults: string[] = [];
    for (const route of [...Object.keys(table), ...open]) {
      if (route === 'DELETE /api/v1/rooms/:room') continue;
      for (const segment of segments) faults.push(...(await faultOf(requestFor(route, segment))));
      // A room without a machine makes whoever enters it wait for one.
      if (!route.startsWith('GET') || route === 'GET /rooms/:roomId') continue;
      for (const query of queries) {
        const request = requestFor(route);
        faults.push(...(await faultOf({ ...request, url: `${request.url as string}?${query}` })));
      }
    }
    expect(faults).toEqual([]);
  });
});
