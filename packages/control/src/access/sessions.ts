import { BacklotError, kernelErrors, type LoginSession, newId } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db, Tx } from '../db/schema.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** A login ends after so many days, however much it is used … */
export const sessionDays = 30;
/** … or when it was not used for so many. */
export const sessionIdleDays = 7;

/** With `__Host-` the browser itself sees to Secure, Path=/ and no Domain (RFC 6265bis §4.1.3.2). */
export function sessionCookieName(secure: boolean): string {
  return secure ? '__Host-backlot_session' : 'backlot_session';
}

export interface SessionCookie {
  readonly name: string;
  readonly value: string;
  readonly options: {
    readonly path: '/';
    readonly httpOnly: true;
    readonly sameSite: 'lax';
    readonly secure: boolean;
    readonly maxAge: number;
  };
}

/** The cookie that carries a session; an empty value with no age takes it away. */
export function sessionCookie(value: string, secure: boolean): SessionCookie {
  const maxAge = value === '' ? 0 : sessionDays * 24 * 3600;
  return {
    name: sessionCookieName(secure),
    value,
    options: { path: '/', httpOnly: true, sameSite: 'lax', secure, maxAge },
  };
}

/** Begins a session. The cookie's value is told once; the database knows its hash. */
export async function createSession(
  tx: Tx,
  login: { readonly accountId: string; readonly userAgent: string | undefined; readonly address: string },
): Promise<{ id: string; secret: string; csrfToken: string }> {
  const session = { id: newId(), secret: newSecret('bls_'), csrfToken: newSecret('') };
  await tx
    .insertInto('login_session')
    .values({
      id: session.id,
      account_id: login.accountId,
      token_hash: hashSecret(session.secret),
      csrf_token: session.csrfToken,
      user_agent: login.userAgent?.slice(0, 300) ?? null,
      address: login.address,
      expires_at: sql<Date>`now() + make_interval(days => ${sessionDays})`,
    })
    .execute();
  return session;
}

/** The sessions in which an account is signed in, the one used last first. */
export async function listSessions(
  db: Db,
  accountId: string,
  currentId: string | undefined,
): Promise<LoginSession[]> {
  const rows = await db
    .selectFrom('login_session')
    .select(['id', 'user_agent', 'address', 'created_at', 'last_used_at', 'expires_at'])
    .where('account_id', '=', accountId)
    .where('expires_at', '>', sql<Date>`now()`)
    .where('last_used_at', '>', sql<Date>`now() - make_interval(days => ${sessionIdleDays})`)
    .orderBy('last_used_at', 'desc')
    .limit(200)
    .execute();
  return rows.map((row) => ({
    id: row.id,
    current: row.id === currentId,
    userAgent: row.user_agent,
    address: row.address,
    createdAt: row.created_at.toISOString(),
    lastUsedAt: row.last_used_at.toISOString(),
    expiresAt: row.expires_at.toISOString(),
  }));
}

/** Ends one session of an account. @throws not_found */
export async function endSession(tx: Tx, accountId: string, id: string): Promise<void> {
  const ended = await tx
    .deleteFrom('login_session')
    .where('id', '=', id)
    .where('account_id', '=', accountId)
    .returning('id')
    .executeTakeFirst();
  if (!ended) throw new BacklotError(kernelErrors.not_found, { params: { what: 'session', id } });
}

/** Ends all sessions of an account but one, after its password has changed or it was disabled. */
export async function endSessions(tx: Tx, accountId: string, exceptId?: string): Promise<number> {
  let query = tx.deleteFrom('login_session').where('account_id', '=', accountId);
  if (exceptId !== undefined) query = query.where('id', '!=', exceptId);
  const { numDeletedRows } = await query.executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
