import { type SessionEnd, sessionEndReason, sessionStatesLive } from '../../contract.ts';
import { type Change, now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { letGo } from '../instances/let-go.ts';
import { type SessionRow, tables } from '../tables.ts';

/** Why a session ends, and by whom where somebody did it. */
export interface EndOfSession {
  readonly reason: SessionEnd;
  readonly by: string | null;
}

/**
 * The first half of an end, in the caller's transaction: the session is `ending` for everybody, sockets are closed after
 * the commit, and the streamer is told that the players are gone, because media would go on without their sockets.
 */
export async function beginEnd(
  ground: Ground,
  change: Change,
  session: Pick<SessionRow, 'id' | 'state' | 'instance_id' | 'app_id'>,
  end: EndOfSession,
): Promise<SessionRow | undefined> {
  const waits = session.instance_id === null;
  const row = await change.moveSession(session.id, waits ? 'ended' : 'ending', {
    end_reason: end.reason,
    end_by: end.by,
    ending_at: now,
    ...(waits ? { ended_at: now } : {}),
  });
  if (!row) return undefined;
  const players = await change.db
    .updateTable('streams_player')
    .set({ connected: false, left_at: now })
    .where('session_id', '=', session.id)
    .where('left_at', 'is', null)
    .returning('id')
    .execute();
  change.after(() => {
    const { instance_id: instanceId } = session;
    const playerIds = players.map(({ id }) => String(id));
    if (instanceId !== null) ground.words.say({ kind: 'forget', instanceId, playerIds });
    const told = { reason: end.reason, sentence: sessionEndReason(end.reason) };
    ground.words.say({ kind: 'end', sessionId: session.id, end: told });
    if (waits) ground.keeper.wake(session.app_id);
  });
  return row;
}

/** Ends a session, and lets go of its instance. False when it was over already. */
export async function endSession(ground: Ground, sessionId: string, end: EndOfSession): Promise<boolean> {
  const begun = await runChange(ground.kernel, async (change) => {
    const session = await change.db
      .selectFrom('streams_session')
      .selectAll()
      .where('id', '=', sessionId)
      .where('state', 'in', sessionStatesLive)
      .forNoKeyUpdate()
      .executeTakeFirst();
    return session && (await beginEnd(ground, change, session, end));
  });
  if (!begun) return false;
  if (begun.state === 'ending') await letGo(ground, sessionId);
  return true;
}

/** Sessions whose end was begun and whose instance nobody has let go of: this process or another died in between. */
export async function finishEnds(ground: Ground): Promise<void> {
  const rows = await tables(ground.kernel.db)
    .selectFrom('streams_session')
    .select('id')
    .where('state', '=', 'ending')
    .limit(100)
    .execute();
  for (const { id } of rows) await letGo(ground, id);
}
