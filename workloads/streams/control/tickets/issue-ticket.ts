import { BacklotError, newId } from '@backlot/contract';
import type { Actor } from '@backlot/control/workload';
import { streamErrors, type TicketAnswer, type TicketRequest } from '../../contract.ts';
import type { Ground } from '../ground.ts';
import { tables } from '../tables.ts';

/**
 * Issues a ticket for a player. Who may is the caller's to check.
 * @param version tries this version, in an instance of its own
 * @throws app_unknown, app_version_unknown, session_over
 */
export async function issueTicket(
  ground: Ground,
  request: TicketRequest,
  actor: Actor,
  version?: number,
): Promise<TicketAnswer> {
  const { kernel } = ground;
  const app = await ground.apps.byIdOrSlug(request.app);
  if (version !== undefined) {
    const known = await tables(kernel.db)
      .selectFrom('streams_app_version')
      .select('version')
      .where('app_id', '=', app.id)
      .where('version', '=', version)
      .executeTakeFirst();
    if (!known)
      throw new BacklotError(streamErrors.app_version_unknown, { params: { app: app.slug, version } });
  }
  if (request.sessionId !== undefined) {
    const session = await tables(kernel.db)
      .selectFrom('streams_session')
      .select('id')
      .where('id', '=', request.sessionId)
      .where('app_id', '=', app.id)
      .where('state', 'in', ['waiting', 'ready', 'active', 'idle'])
      .executeTakeFirst();
    if (!session) throw new BacklotError(streamErrors.session_over, { pointer: 'sessionId' });
  }
  const exp = Math.floor(kernel.clock.now() / 1_000) + request.ttlSeconds;
  const subject = request.subject === '' ? actor.name : request.subject;
  const ticket = await ground.tickets.player({
    app: app.id,
    role: request.role,
    sub: subject,
    once: request.once,
    jti: newId(),
    exp,
    ...(request.sessionId === undefined ? {} : { sid: request.sessionId }),
    ...(version === undefined ? {} : { version }),
  });
  await kernel.transaction((tx) =>
    kernel.audit.record(tx, {
      actor,
      action: version === undefined ? 'streams.ticket.issue' : 'streams.app.test',
      subject: { kind: 'app', id: app.id },
      projectId: app.project_id,
      after: { role: request.role, subject, sessionId: request.sessionId ?? null, version: version ?? null },
    }),
  );
  const base = kernel.publicUrl();
  return {
    ticket,
    url: `${base}/s/${app.slug}#ticket=${ticket}`,
    socket: `${base.replace(/^http/, 'ws')}/signal/player/${app.slug}?ticket=${ticket}`,
    role: request.role,
    expiresAt: new Date(exp * 1_000).toISOString(),
  };
}
