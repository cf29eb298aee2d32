import { BacklotError } from '@backlot/contract';
import { sessionEndReason, streamErrors } from '../../contract.ts';
import { type Change, now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';

/**
 * Gives the pointer and the keys of a session to one of its players; the one who had them watches from now on.
 * @throws player_unknown, session_over
 */
export async function giveControl(
  ground: Ground,
  sessionId: string,
  playerId: string,
  by: string,
): Promise<void> {
  await runChange(ground.kernel, (change) => moveControl(ground, change, sessionId, playerId, by, 'given'));
}

/**
 * Takes the pointer and the keys that nobody has, for a player whose ticket allows control. Whoever is in control and
 * only not connected at the moment keeps it for as long as the session waits for them.
 * @throws control_away, control_not_allowed, player_unknown, session_over
 */
export async function takeFreeControl(
  ground: Ground,
  sessionId: string,
  playerId: string,
  by: string,
): Promise<void> {
  await runChange(ground.kernel, (change) => moveControl(ground, change, sessionId, playerId, by, 'taken'));
}

async function moveControl(
  ground: Ground,
  change: Change,
  sessionId: string,
  playerId: string,
  by: string,
  how: 'given' | 'taken',
): Promise<void> {
  const session = await change.db
    .selectFrom('streams_session')
    .select(['id', 'controller', 'instance_id'])
    .where('id', '=', sessionId)
    .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
    .forNoKeyUpdate()
    .executeTakeFirst();
  if (!session) throw new BacklotError(streamErrors.session_over);
  const players = await change.db
    .selectFrom('streams_player')
    .select(['id', 'connected', 'may_control', 'extensions'])
    .where('session_id', '=', sessionId)
    .where('left_at', 'is', null)
    .execute();
  const next = players.find(({ id }) => String(id) === playerId);
  if (!next?.connected) throw new BacklotError(streamErrors.player_unknown);
  if (session.controller === next.id) return;
  if (how === 'taken') {
    if (!next.may_control) throw new BacklotError(streamErrors.control_not_allowed);
    if (players.some(({ id }) => id === session.controller))
      throw new BacklotError(streamErrors.control_away);
  }
  await change.db
    .updateTable('streams_player')
    .set((eb) => ({
      role: eb
        .case()
        .when('id', '=', next.id)
        .then('controller' as const)
        .else('viewer' as const)
        .end(),
    }))
    .where('session_id', '=', sessionId)
    .execute();
  await change.db
    .updateTable('streams_session')
    .set({ controller: next.id, extensions: next.extensions, away_since: null, activity_at: now })
    .where('id', '=', sessionId)
    .execute();
  change.note(sessionId, 'control', { playerId, by });
  change.after(() => {
    const { controller: before, instance_id: instanceId } = session;
    // Its peer has the pointer and the keys, also while its socket is away: it must not come back to it.
    if (before !== null && instanceId !== null)
      ground.words.say({ kind: 'forget', instanceId, playerIds: [String(before)] });
    ground.words.say({ kind: 'control', sessionId, playerId });
  });
}

/** Sends one player away for good. The session goes on, unless it was the one in control. @throws player_unknown */
export async function kickPlayer(
  ground: Ground,
  sessionId: string,
  playerId: string,
): Promise<'player' | 'session'> {
  return runChange(ground.kernel, async (change) => {
    const session = await change.db
      .selectFrom('streams_session')
      .select(['id', 'controller', 'instance_id'])
      .where('id', '=', sessionId)
      .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!session) throw new BacklotError(streamErrors.session_over);
    if (String(session.controller) === playerId) return 'session';
    const row = await change.db
      .updateTable('streams_player')
      .set({ left_at: now, connected: false })
      .where('id', '=', Number(playerId))
      .where('session_id', '=', sessionId)
      .where('left_at', 'is', null)
      .returning('id')
      .executeTakeFirst();
    if (!row) throw new BacklotError(streamErrors.player_unknown);
    change.note(sessionId, 'kicked', { playerId });
    change.after(() => {
      const { instance_id: instanceId } = session;
      if (instanceId !== null) ground.words.say({ kind: 'forget', instanceId, playerIds: [playerId] });
      const end = { reason: 'kicked', sentence: sessionEndReason('kicked') } as const;
      ground.words.say({ kind: 'kick', sessionId, playerId, end });
    });
    return 'player';
  });
}
