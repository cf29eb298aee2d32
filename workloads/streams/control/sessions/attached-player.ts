import { BacklotError } from '@backlot/contract';
import { streamErrors } from '../../contract.ts';
import { now, runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import { forgive } from '../instances/failures.ts';
import type { AttachedPlayer, Departure } from '../ports.ts';
import type { AppRow } from '../tables.ts';
import { giveControl, takeFreeControl } from './control.ts';
import { endSession } from './end-session.ts';
import type { Member } from './hub.ts';

/** What signalling holds of a player that was let in. */
export async function attachedPlayer(
  ground: Ground,
  app: AppRow,
  member: Member,
  found: { readonly token: string; readonly instanceId: string | null },
): Promise<AttachedPlayer> {
  const { hub, kernel, stats } = ground;
  const { sessionId } = member;
  let seen = false;
  const later = (what: string, work: Promise<unknown>) => {
    void work.catch((error: unknown) =>
      kernel.log.warn({ err: error, session: sessionId }, `${what} could not be written`),
    );
  };
  // After the answer has been taken in: the page learns its own id first.
  kernel.clock.after(0, () => hub.tellRoles(sessionId));
  return {
    kind: 'player',
    sessionId,
    playerId: member.playerId,
    get role() {
      return member.role;
    },
    app: { id: app.id, slug: app.slug, name: app.settings.name },
    token: found.token,
    instance:
      found.instanceId === null ? null : { instanceId: found.instanceId, relayOnly: app.settings.relayOnly },
    activity() {
      if (member.role === 'controller') hub.active(sessionId);
    },
    media() {
      if (seen) return;
      seen = true;
      if (member.role === 'controller') hub.active(sessionId);
      const written = pictureSeen(ground, sessionId).catch((error: unknown) => {
        // Said again with the next picture: a session without one is ended, however well its viewer sees it.
        seen = false;
        throw error;
      });
      later('the first picture', written);
    },
    stats: (sample) => stats.add(sessionId, member.playerId, sample),
    async takeControl() {
      const holder = hub.members(sessionId).find(({ role }) => role === 'controller');
      if (holder === member) return;
      if (holder) {
        const by = member.playerId;
        hub.notify(sessionId, { kind: 'control-wanted', by, name: member.subject }, (one) => one === holder);
        return;
      }
      await takeFreeControl(ground, sessionId, member.playerId, member.subject);
    },
    async handOver(playerId) {
      if (member.role !== 'controller') throw new BacklotError(streamErrors.control_not_yours);
      await giveControl(ground, sessionId, playerId, member.subject);
    },
    async end() {
      if (member.role !== 'controller') throw new BacklotError(streamErrors.control_not_yours);
      await endSession(ground, sessionId, { reason: 'left', by: member.subject || null });
    },
    detach(departure) {
      stats.forget(member.playerId);
      // Its place was taken by a newer connection, or the session has ended: nothing of it is ours any more.
      if (!hub.remove(member)) return;
      hub.tellRoles(sessionId);
      later('the loss of a player', playerGone(ground, member, departure));
    },
  };
}

/** The picture runs: the session is active, and the version has proved that it works. */
async function pictureSeen({ kernel }: Ground, sessionId: string): Promise<void> {
  const session = await runChange(kernel, (change) =>
    change.moveSession(sessionId, 'active', { active_at: now, activity_at: now }),
  );
  if (!session || session.version === null) return;
  const { app_id: appId, version } = session;
  // On its own: versions are locked before sessions, where both are.
  await runChange(kernel, (change) => forgive(change, appId, version));
}

/** Whoever leaves on purpose is gone; a broken connection is waited for. */
async function playerGone(ground: Ground, member: Member, departure: Departure): Promise<void> {
  const { sessionId, playerId, role } = member;
  if (departure === 'left' && role === 'controller') {
    await endSession(ground, sessionId, { reason: 'left', by: member.subject || null });
    return;
  }
  await runChange(ground.kernel, async (change) => {
    // The session first, as everybody does who changes both.
    const session = await change.db
      .selectFrom('streams_session')
      .select(['id', 'controller'])
      .where('id', '=', sessionId)
      .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
      .forNoKeyUpdate()
      .executeTakeFirst();
    if (!session) return;
    // It may be back already, on another socket.
    const { hub } = ground;
    if (hub.returning.has(playerId) || hub.members(sessionId).some((other) => other.playerId === playerId)) {
      return;
    }
    await change.db
      .updateTable('streams_player')
      .set({ connected: false, ...(departure === 'left' ? { left_at: now } : {}) })
      .where('id', '=', Number(playerId))
      .execute();
    const inControl = String(session.controller) === playerId;
    if (inControl)
      await change.db
        .updateTable('streams_session')
        .set({ away_since: now })
        .where('id', '=', sessionId)
        .where('away_since', 'is', null)
        .execute();
    change.note(sessionId, departure === 'left' ? 'left' : 'away', { playerId, role });
  });
}
