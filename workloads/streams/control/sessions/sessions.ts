import { BacklotError, newId } from '@backlot/contract';
import { sql } from 'kysely';
import { type PlayerClaims, type ServiceClaims, streamErrors } from '../../contract.ts';
import { runChange } from '../change.ts';
import type { Ground } from '../ground.ts';
import type { AttachedPlayer, PlayerArrival, PlayerConnection, Sessions } from '../ports.ts';
import { type AppRow, tables } from '../tables.ts';
import { attachedPlayer } from './attached-player.ts';
import type { Member } from './hub.ts';
import { comeBack, joinSession, openSession } from './open-session.ts';

/** A session token outlives every session: what it is good for is said by the session's state. Seconds. */
const tokenSeconds = 7 * 86_400;

/** Lets players in. */
export function createSessions(ground: Ground): Sessions {
  return {
    async attach(arrival, connection) {
      const app = await ground.apps.bySlug(arrival.app);
      if (arrival.session !== undefined) return returning(ground, app, arrival.session, arrival, connection);
      const claims = await claimsOf(ground, app, arrival);
      if (claims?.typ === 'service') return service(ground, app, claims);
      const joins = claims?.sid ?? (claims === null ? arrival.sessionId : undefined);
      if (joins !== undefined) return joining(ground, app, joins, arrival, claims, connection);
      return opening(ground, app, arrival, claims, connection);
    },
  };
}

/** What an arrival's ticket says; null where none is needed. @throws ticket_required and all that a ticket can be */
async function claimsOf(
  ground: Ground,
  app: AppRow,
  arrival: PlayerArrival,
): Promise<PlayerClaims | ServiceClaims | null> {
  if (arrival.ticket === undefined) {
    if (app.settings.access === 'anyone') return null;
    throw new BacklotError(streamErrors.ticket_required);
  }
  const claims = await ground.tickets.readArrival(arrival.ticket);
  if (claims.typ === 'player' && claims.app !== app.id) throw new BacklotError(streamErrors.ticket_foreign);
  return claims;
}

async function opening(
  ground: Ground,
  app: AppRow,
  arrival: PlayerArrival,
  claims: PlayerClaims | null,
  connection: PlayerConnection,
): Promise<AttachedPlayer> {
  const sessionId = newId();
  const member: Member = {
    sessionId,
    playerId: '',
    role: 'controller',
    subject: claims?.sub ?? '',
    connection,
  };
  // Known before the row is: an instance may become free between the commit and the next line.
  ground.hub.add(member);
  try {
    const opened = await runChange(ground.kernel, (change) =>
      openSession(change, app, arrival, claims, sessionId),
    );
    member.playerId = opened.playerId;
    // One taken: another is wanted in its place; none: one is wanted for this session.
    ground.keeper.wake(app.id);
    return await attachedPlayer(ground, app, member, {
      token: await tokenFor(ground, sessionId, opened.playerId),
      instanceId: opened.instanceId,
    });
  } catch (error) {
    ground.hub.remove(member);
    throw error;
  }
}

async function joining(
  ground: Ground,
  app: AppRow,
  sessionId: string,
  arrival: PlayerArrival,
  claims: PlayerClaims | null,
  connection: PlayerConnection,
): Promise<AttachedPlayer> {
  const joined = await runChange(ground.kernel, (change) =>
    joinSession(change, app, sessionId, arrival, claims),
  );
  const { playerId, role, session } = joined;
  const member: Member = { sessionId, playerId, role, subject: claims?.sub ?? '', connection };
  ground.hub.add(member);
  return attachedPlayer(ground, app, member, {
    token: await tokenFor(ground, sessionId, playerId),
    instanceId: session.state === 'waiting' ? null : session.instance_id,
  });
}

async function returning(
  ground: Ground,
  app: AppRow,
  token: string,
  arrival: PlayerArrival,
  connection: PlayerConnection,
): Promise<AttachedPlayer> {
  const { sid, pid } = await ground.tickets.readSession(token);
  // Its earlier connection is often found to be lost only now, and that is written in the same moment: whoever comes
  // back must not be taken for away because the two changed places.
  ground.hub.returning.add(pid);
  let session: Awaited<ReturnType<typeof comeBack>>['session'];
  let member: Member;
  try {
    const back = await runChange(ground.kernel, (change) => comeBack(change, app, sid, pid, arrival));
    session = back.session;
    member = { sessionId: sid, playerId: pid, role: back.role, subject: back.subject, connection };
    ground.hub.add(member);
  } finally {
    ground.hub.returning.delete(pid);
  }
  ground.hub.replace(member);
  // Its turn may have come while it was away.
  if (session.state === 'waiting') ground.keeper.wake(app.id);
  return attachedPlayer(ground, app, member, {
    token: await tokenFor(ground, sid, pid),
    instanceId: session.state === 'waiting' ? null : session.instance_id,
  });
}

function tokenFor(ground: Ground, sid: string, pid: string): Promise<string> {
  return ground.tickets.session({
    sid,
    pid,
    exp: Math.floor(ground.kernel.clock.now() / 1_000) + tokenSeconds,
  });
}

/** A peer of our own, for one instance. It belongs to no session and leaves no trace. */
async function service(ground: Ground, app: AppRow, claims: ServiceClaims): Promise<AttachedPlayer> {
  const { db } = ground.kernel;
  const instance = await tables(db)
    .selectFrom('streams_instance')
    .select('id')
    .select(sql<number>`nextval('streams_player_number')`.as('player'))
    .where('id', '=', claims.sub)
    .where('app_id', '=', app.id)
    .where('state', 'in', ['ready', 'assigned', 'resetting'])
    .executeTakeFirst();
  if (!instance) throw new BacklotError(streamErrors.instance_over);
  const nothing = async () => undefined;
  return {
    kind: 'service',
    sessionId: null,
    playerId: String(instance.player),
    // A reset is a message to the application, as from somebody in control; a thumbnail only looks.
    role: claims.purpose === 'reset' ? 'controller' : 'viewer',
    app: { id: app.id, slug: app.slug, name: app.settings.name },
    token: null,
    instance: { instanceId: instance.id, relayOnly: false },
    activity: () => undefined,
    media: () => undefined,
    stats: () => undefined,
    takeControl: nothing,
    handOver: nothing,
    end: nothing,
    detach: () => undefined,
  };
}
