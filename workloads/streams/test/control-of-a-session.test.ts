import { newId } from '@backlot/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlayerClaims, PlayerRole } from '../contract.ts';
import { runChange } from '../control/change.ts';
import { giveControl, takeFreeControl } from '../control/sessions/control.ts';
import { comeBack } from '../control/sessions/open-session.ts';
import { tables } from '../control/tables.ts';
import { type AppInDatabase, createAppInDatabase } from '../testing/app-in-database.ts';

/** Who has the pointer and the keys, as the rows say it. */
let place: AppInDatabase;
let sessionId: string;
let owner: string;
let instanceId: string | null;

beforeEach(async () => {
  place = await createAppInDatabase();
  await place.addFree(1);
  ({ sessionId, playerId: owner, instanceId } = await place.arrive());
});
afterEach(() => place.close());

const ticket = (role: PlayerRole): PlayerClaims => ({
  typ: 'player',
  app: place.app.id,
  role,
  sub: 'Ms Li',
  sid: sessionId,
  once: false,
  jti: newId(),
  iat: 0,
  exp: 2e9,
});
const db = () => tables(place.kernel.db);
const session = () =>
  db()
    .selectFrom('streams_session')
    .select(['controller', 'extensions'])
    .where('id', '=', sessionId)
    .executeTakeFirstOrThrow();
const set = (playerId: string, values: { readonly connected?: boolean; readonly left_at?: Date }) =>
  db().updateTable('streams_player').set(values).where('id', '=', Number(playerId)).execute();
const take = (playerId: string) => takeFreeControl(place.ground, sessionId, playerId, '');

describe('control that is asked for while the one who has it is not connected', () => {
  it.each([
    ['without any ticket', null, 'control_not_allowed'],
    ['with a ticket to watch', 'viewer', 'control_not_allowed'],
    ['with a ticket to control', 'controller', 'control_away'],
  ] as const)('stays theirs: somebody %s', async (_who, role, code) => {
    const guest = await place.join(sessionId, {}, role === null ? undefined : ticket(role));
    expect(guest.role).toBe('viewer');
    await set(owner, { connected: false });
    await expect(take(guest.playerId)).rejects.toMatchObject({ code });
    expect(String((await session()).controller)).toBe(owner);
    expect(place.said).toEqual([]);
  });

  it('goes only to whom a ticket allows it, once they have left for good', async () => {
    const guest = await place.join(sessionId, {}, ticket('viewer'));
    const colleague = await place.join(sessionId, {}, ticket('controller'));
    await set(owner, { connected: false, left_at: new Date() });
    await expect(take(guest.playerId)).rejects.toMatchObject({ code: 'control_not_allowed' });
    await take(colleague.playerId);
    expect(String((await session()).controller)).toBe(colleague.playerId);
  });
});

it('control can be given to somebody who may only watch otherwise, and the peer of the one before is dropped', async () => {
  const guest = await place.join(sessionId);
  await set(owner, { connected: false });
  await giveControl(place.ground, sessionId, guest.playerId, 'an operator');
  expect(String((await session()).controller)).toBe(guest.playerId);
  // First the peer, then the word to whoever is connected: so nobody says goodbye to it twice.
  expect(place.said).toEqual([
    { kind: 'forget', instanceId, playerIds: [owner] },
    { kind: 'control', sessionId, playerId: guest.playerId },
  ]);
});

it('whoever asks to watch watches, whatever the ticket allows', async () => {
  await set(owner, { connected: false, left_at: new Date() });
  const watcher = await place.join(sessionId, { role: 'viewer' }, ticket('controller'));
  expect(watcher.role).toBe('viewer');
  expect((await place.join(sessionId, { role: 'controller' }, ticket('viewer'))).role).toBe('viewer');
  expect((await place.join(sessionId, {}, ticket('controller'))).role).toBe('controller');
});

it('whether signs of life can be expected is a matter of the page that is in control now', async () => {
  expect((await session()).extensions).toBe(true);
  const epics = await place.join(sessionId, { extensions: false });
  await giveControl(place.ground, sessionId, epics.playerId, '');
  expect((await session()).extensions).toBe(false);
  await giveControl(place.ground, sessionId, owner, '');
  expect((await session()).extensions).toBe(true);
  const back = (extensions: boolean) =>
    runChange(place.kernel, (change) => comeBack(change, place.app, sessionId, owner, { extensions }));
  await back(false);
  expect((await session()).extensions).toBe(false);
  await back(true);
  expect((await session()).extensions).toBe(true);
});
