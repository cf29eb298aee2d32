import { type Clock, newId, systemClock } from '@backlot/contract';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { closeCodes, ticketPurpose } from '../contract.ts';
import { createTickets, type Tickets } from '../control/tickets/tickets.ts';
import { type Play, type Studio, startStudio } from '../testing/studio.ts';

/**
 * The real sockets with the real sessions behind them: whoever comes with a ticket that is not good, or with none, or
 * with one that is for something else, is told so by its code, and nobody who is there already notices anything.
 */
let studio: Studio;
let tickets: Tickets;
let stale: Tickets;
let appId: string;
let waiting: Play;

const claims = (app: string) => ({
  app,
  role: 'controller' as const,
  sub: 'somebody',
  once: true,
  jti: newId(),
  exp: Math.floor(Date.now() / 1_000) + 300,
});
const anHourAgo: Clock = { ...systemClock, now: () => Date.now() - 3_600_000 };

beforeAll(async () => {
  studio = await startStudio({ openMode: true });
  const key = () => studio.control.kernel.key(ticketPurpose);
  tickets = createTickets(key, systemClock);
  stale = createTickets(key, anHourAgo);
  ({ id: appId } = await studio.createApp({ slug: 'guarded', access: 'ticket' }));
  await studio.createApp({ slug: 'other', access: 'ticket' });
  waiting = await studio.play('guarded', `ticket=${await tickets.player(claims(appId))}`);
  await waiting.hear('backlot.session');
}, 120_000);
afterAll(() => studio.close(), 60_000);

/** Arrives with this query and is refused: the code that our page is told, and that of the close. */
async function refusal(app: string, query: Record<string, string>) {
  const play = await studio.play(app, String(new URLSearchParams(query)));
  const { code } = await play.hear('backlot.refused');
  const closed = await play.ended();
  expect(closed.reason).not.toBe('');
  return [code, closed.code];
}

async function streamerRefusal(ticket: string) {
  const socket = new WebSocket(`${studio.control.url.replace('http', 'ws')}/signal/streamer/${ticket}`);
  return new Promise((resolve) => socket.once('close', (code, reason) => resolve([code, String(reason)])));
}

describe('a player is refused', () => {
  it('without a ticket, for an app that there is not, and with something that is no ticket', async () => {
    expect(await refusal('guarded', {})).toEqual(['ticket_required', 1008]);
    expect(await refusal('nowhere', {})).toEqual(['app_unknown', 1008]);
    const good = await tickets.player(claims(appId));
    const none = `${Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url')}.${good.split('.')[1]}.`;
    for (const ticket of ['x', '…', good.slice(0, -4), none, `${good}x`, 'x'.repeat(4_000)]) {
      expect(await refusal('guarded', { ticket }), ticket.slice(0, 40)).toEqual(['ticket_invalid', 1008]);
    }
  });

  it('with one that has expired, was used, or is for another app or another purpose', async () => {
    const expired = await stale.player({ ...claims(appId), exp: Math.floor(Date.now() / 1_000) - 1 });
    expect(await refusal('guarded', { ticket: expired })).toEqual(['ticket_expired', 1008]);
    const once = await tickets.player(claims(appId));
    const first = await studio.play('guarded', `ticket=${once}`);
    await first.hear('backlot.session');
    expect(await refusal('guarded', { ticket: once })).toEqual(['ticket_used', 1008]);
    expect(await refusal('other', { ticket: await tickets.player(claims(appId)) })).toEqual([
      'ticket_foreign',
      1008,
    ]);
    const launch = await tickets.launch(newId());
    expect(await refusal('guarded', { ticket: launch })).toEqual(['ticket_foreign', 1008]);
    const { token } = await waiting.hear('backlot.session');
    expect(await refusal('guarded', { ticket: String(token) })).toEqual(['ticket_foreign', 1008]);
    expect(await refusal('guarded', { session: launch })).toEqual(['ticket_foreign', 1008]);
    expect(first.closed).toBeUndefined();
  });

  it('from a session that is not its own, or is over', async () => {
    const [sid, exp] = [newId(), Math.floor(Date.now() / 1_000) + 60];
    const nobody = await tickets.session({ sid, pid: '1', exp });
    expect(await refusal('guarded', { session: nobody })).toEqual(['session_over', 1008]);
    const { sessionId } = await waiting.hear('backlot.session');
    const stranger = await tickets.session({ sid: String(sessionId), pid: '999999', exp });
    expect(await refusal('guarded', { session: stranger })).toEqual(['player_unknown', 1008]);
    const { token } = await waiting.hear('backlot.session');
    expect(await refusal('other', { session: String(token) })).toEqual(['session_over', 1008]);
  });
});

it('a streamer is refused with anything but the launch ticket of a living instance', async () => {
  const { token } = await waiting.hear('backlot.session');
  for (const ticket of ['x', 'a.b.c', await tickets.player(claims(appId)), String(token)]) {
    expect(await streamerRefusal(ticket), ticket).toEqual([1008, expect.stringMatching(/ticket/i)]);
  }
  expect(await streamerRefusal(await tickets.launch(newId()))).toEqual([1008, expect.stringMatching(/\S/)]);
});

it('arbitrary frames from anybody leave who waits where it is, and the control plane up', async () => {
  const typed = new Set<number>(Object.values(closeCodes));
  const base = studio.control.url.replace('http', 'ws');
  const heard = waiting.heard.filter(
    ({ type }) => !['backlot.queued', 'backlot.starting'].includes(type),
  ).length;
  const { sessionId, playerId } = await waiting.hear('backlot.session');
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(sessionId, playerId, Number(playerId), 'guarded'));
  const type = fc.constantFrom(
    ...['offer', 'answer', 'subscribe', 'listStreamers', 'endpointId', 'disconnectPlayer', 'iceCandidate'],
    ...['backlot.end', 'backlot.handOver', 'backlot.takeControl', 'backlot.stats', 'backlot.activity'],
  );
  const frame = fc.oneof(
    fc
      .tuple(type, fc.dictionary(fc.constantFrom('playerId', 'streamerId', 'sdp', 'id', 'to', 'fps'), value))
      .map(([name, fields]) => JSON.stringify({ type: name, ...fields })),
    fc.json(),
    fc.string({ unit: 'binary' }),
  );
  const path = fc.constantFrom(
    ...['/signal/player/guarded', '/signal/player/guarded?extensions=1&ticket=x', '/', '/signal/streamer'],
    ...['/signal/streamer/x', `/signal/player/guarded?sessionId=${sessionId}&role=controller`],
    'fresh',
  );
  await fc.assert(
    fc.asyncProperty(path, fc.array(frame, { maxLength: 12 }), async (where, frames) => {
      const address =
        where === 'fresh'
          ? `/signal/player/guarded?extensions=1&ticket=${await tickets.player(claims(appId))}`
          : where;
      const socket = new WebSocket(`${base}${address}`);
      socket.on('error', () => undefined);
      const closed = new Promise<number>((resolve) => socket.once('close', resolve));
      await new Promise((resolve) => socket.once('open', resolve));
      for (const text of frames) if (socket.readyState === WebSocket.OPEN) socket.send(text);
      if (socket.readyState === WebSocket.OPEN) {
        const answered = new Promise((resolve) => socket.once('pong', resolve));
        socket.ping();
        await Promise.race([answered, closed]);
      }
      if (socket.readyState === WebSocket.OPEN) socket.close(1000);
      else expect(typed).toContain(await closed);
      await closed;
    }),
    { numRuns: 120 },
  );
  expect(waiting.closed).toBeUndefined();
  const now = waiting.heard.filter(
    ({ type: name }) => !['backlot.queued', 'backlot.starting'].includes(name),
  );
  expect(now.length).toBe(heard);
  expect((await fetch(`${studio.control.url}/healthz`)).status).toBe(200);
  // What was opened by tickets of their own is over again; who waits is still the first.
  const metrics = await studio.control.kernel.metrics.metrics();
  expect(metrics).toMatch(/backlot_streams_signalling_refused_total\{code="frame_not_json"\} \d+/);
  expect(metrics).not.toContain('signalling_fault');
}, 120_000);

it('a player that waits is told to come back when the control plane restarts, and has its place again', async () => {
  const before = await waiting.hear('backlot.session');
  await studio.restartControl();
  expect((await waiting.ended()).code).toBe(1012);
  const back = await studio.play('guarded', `session=${before.token}`);
  expect(await back.hear('backlot.session')).toMatchObject({
    sessionId: before.sessionId,
    playerId: before.playerId,
  });
  expect(await back.hear('backlot.queued')).toMatchObject({ position: 1 });
}, 180_000);
