import {
  accessErrors,
  BacklotError,
  type LoginBody,
  type PasswordSet,
  type SetupBody,
} from '@backlot/contract';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { Tx } from '../db/schema.ts';
import type { LimitRule, RateLimiter } from '../http/rate-limiter.ts';
import type { Actor, AuditLog } from '../kernel.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { insertAccount } from './accounts.ts';
import { lockAdministrators, setGrant } from './grants.ts';
import { createLink, redeemLink, voidSetupLinks } from './one-time-links.ts';
import type { Passwords } from './passwords.ts';
import { createSession, endSessions } from './sessions.ts';

export interface SignInDeps {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly passwords: Passwords;
  readonly limiter: RateLimiter;
  readonly metrics: Metrics;
  readonly adminToken: string | undefined;
}

/** From where somebody signs in. */
export interface Visitor {
  readonly address: string;
  readonly userAgent: string | undefined;
}

export interface SignedIn {
  readonly accountId: string;
  readonly session: { readonly id: string; readonly secret: string; readonly csrfToken: string };
}

/** Wrong passwords for one account, from anywhere: ten at once, then one every half minute. Right ones are free. */
const perAccount: LimitRule = { burst: 10, perMinute: 2 };

/** The ways to a session: set-up link, password, password link. */
export class SignIn {
  readonly #deps: SignInDeps;

  constructor(deps: SignInDeps) {
    this.#deps = deps;
  }

  /** Whether the installation waits for its first administrator. */
  async setupNeeded(): Promise<boolean> {
    const { store, adminToken } = this.#deps;
    if (adminToken !== undefined) return false;
    return !(await store.db.selectFrom('account').select('id').limit(1).executeTakeFirst());
  }

  /** The token of a new set-up link, or null when the installation is set up. */
  async newSetupToken(): Promise<string | null> {
    if (!(await this.setupNeeded())) return null;
    return await this.#deps.store.transaction((tx) => createLink(tx, { kind: 'setup' }));
  }

  /** Makes the first administrator and signs in. @throws link_used_up, already_set_up */
  async setUp(body: z.output<typeof SetupBody>, visitor: Visitor): Promise<SignedIn> {
    const { store, audit, passwords } = this.#deps;
    const passwordHash = await passwords.hash(body.password);
    return await store.transaction(async (tx) => {
      await lockAdministrators(tx);
      const purpose = await redeemLink(tx, body.token);
      if (purpose.kind !== 'setup') throw new BacklotError(accessErrors.link_used_up);
      if (await tx.selectFrom('account').select('id').limit(1).executeTakeFirst()) {
        throw new BacklotError(accessErrors.already_set_up);
      }
      const { email, name, language } = body;
      const accountId = await insertAccount(tx, { email, name, language, passwordHash });
      await setGrant(tx, accountId, null, 'admin');
      await voidSetupLinks(tx);
      const session = await createSession(tx, { accountId, ...visitor });
      await audit.record(tx, {
        actor: accountActor(accountId, name),
        action: 'setup.complete',
        subject: { kind: 'account', id: accountId },
        after: { email, name, role: 'admin' },
      });
      return { accountId, session };
    });
  }

  /**
   * Signs in by password. What is wrong is not said, and takes as long whatever it is.
   * @throws wrong_credentials, too_many_sign_ins
   */
  async login(body: z.output<typeof LoginBody>, visitor: Visitor): Promise<SignedIn> {
    const { store, audit, passwords, limiter, metrics } = this.#deps;
    const key = `sign-in:${body.email}`;
    // Taken before the check, so that many guesses at once don't all pass; given back when the password is right.
    const waitS = limiter.take(key, perAccount);
    if (waitS > 0) {
      metrics.signIns.inc({ outcome: 'limited' });
      throw new BacklotError(accessErrors.too_many_sign_ins, {
        params: { seconds: waitS },
        retryAfterS: waitS,
      });
    }
    const account = await store.db
      .selectFrom('account')
      .select(['id', 'name', 'password_hash', 'disabled_at'])
      .where('email', '=', body.email)
      .executeTakeFirst();
    const usable = account && account.disabled_at === null ? account.password_hash : null;
    const { ok, stale } = await passwords.verify(body.password, usable);
    if (!account || !ok) {
      metrics.signIns.inc({ outcome: 'refused' });
      throw new BacklotError(accessErrors.wrong_credentials);
    }
    limiter.refund(key, perAccount);
    const renewed = stale ? await passwords.hash(body.password) : undefined;
    const session = await store.transaction(async (tx) => {
      if (renewed !== undefined) await setPassword(tx, account.id, renewed);
      const made = await createSession(tx, { accountId: account.id, ...visitor });
      await audit.record(tx, {
        actor: accountActor(account.id, account.name),
        action: 'session.create',
        subject: { kind: 'session', id: made.id },
        after: { userAgent: visitor.userAgent },
      });
      return made;
    });
    metrics.signIns.inc({ outcome: 'ok' });
    return { accountId: account.id, session };
  }

  /** Chooses a password by a one-time link and signs in; older sessions end. @throws link_used_up */
  async choosePassword(body: z.output<typeof PasswordSet>, visitor: Visitor): Promise<SignedIn> {
    const { store, audit, passwords } = this.#deps;
    const hash = await passwords.hash(body.password);
    return await store.transaction(async (tx) => {
      const purpose = await redeemLink(tx, body.token);
      if (purpose.kind !== 'password') throw new BacklotError(accessErrors.link_used_up);
      const { accountId } = purpose;
      const account = await setPassword(tx, accountId, hash);
      if (account.disabled_at !== null) throw new BacklotError(accessErrors.link_used_up);
      await endSessions(tx, accountId);
      const session = await createSession(tx, { accountId, ...visitor });
      await audit.record(tx, {
        actor: accountActor(accountId, account.name),
        action: 'account.password',
        subject: { kind: 'account', id: accountId },
        after: { by: 'link' },
      });
      return { accountId, session };
    });
  }

  /** Changes one's own password; all other sessions end. @throws password_not_set, too_many_sign_ins */
  async changePassword(
    actor: Actor,
    accountId: string,
    change: { readonly current: string; readonly next: string },
    sessionId: string | undefined,
  ): Promise<void> {
    const { store, audit, passwords, limiter } = this.#deps;
    const key = `password:${accountId}`;
    const waitS = limiter.take(key, perAccount);
    if (waitS > 0) {
      throw new BacklotError(accessErrors.too_many_sign_ins, {
        params: { seconds: waitS },
        retryAfterS: waitS,
      });
    }
    const row = await store.db
      .selectFrom('account')
      .select('password_hash')
      .where('id', '=', accountId)
      .executeTakeFirst();
    const { ok } = await passwords.verify(change.current, row?.password_hash ?? null);
    if (!ok) throw new BacklotError(accessErrors.password_not_set, { pointer: 'body.current' });
    limiter.refund(key, perAccount);
    const hash = await passwords.hash(change.next);
    await store.transaction(async (tx) => {
      await setPassword(tx, accountId, hash);
      await endSessions(tx, accountId, sessionId);
      await audit.record(tx, {
        actor,
        action: 'account.password',
        subject: { kind: 'account', id: accountId },
        after: { by: 'owner' },
      });
    });
  }
}

async function setPassword(tx: Tx, accountId: string, hash: string) {
  return await tx
    .updateTable('account')
    .set({ password_hash: hash })
    .where('id', '=', accountId)
    .returning(['name', 'disabled_at'])
    .executeTakeFirstOrThrow();
}

function accountActor(id: string, name: string): Actor {
  return { kind: 'account', id, name, grants: [], scopes: [], language: 'en' };
}
