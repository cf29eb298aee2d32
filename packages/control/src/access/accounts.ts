import {
  type Account,
  type AccountCreate,
  type AccountPatch,
  accessErrors,
  BacklotError,
  kernelErrors,
  Language,
  newId,
  type RoleGrant,
} from '@backlot/contract';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import { isUniqueViolation } from '../db/database-error.ts';
import type { Db, Tx } from '../db/schema.ts';
import type { Actor, AuditLog } from '../kernel.ts';
import { keepingAdministrator, requireMayGrant, setGrant } from './grants.ts';
import { createLink } from './one-time-links.ts';
import type { Passwords } from './passwords.ts';
import { endSessions } from './sessions.ts';

export interface AccountsDeps {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly passwords: Passwords;
}

/** The people who may sign in, and what they may. */
export class Accounts {
  readonly #deps: AccountsDeps;

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
  }

  /** @throws not_found */
  async get(id: string, db: Db | Tx = this.#deps.store.db): Promise<Account> {
    const row = await accountQuery(db).where('a.id', '=', id).executeTakeFirst();
    if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'account', id } });
    return toAccount(row);
  }

  /** Accounts by address, with one row too many, which says that there is a next page. */
  async list(query: { readonly afterEmail: string | undefined; readonly limit: number }): Promise<Account[]> {
    let rows = accountQuery(this.#deps.store.db)
      .orderBy('a.email')
      .limit(query.limit + 1);
    if (query.afterEmail !== undefined) rows = rows.where('a.email', '>', query.afterEmail);
    return (await rows.execute()).map(toAccount);
  }

  /**
   * Makes an account. Without a password it comes with the token of a one-time link by which its owner chooses one.
   * @throws email_taken, role_exceeded
   */
  async create(
    body: z.output<typeof AccountCreate>,
    actor: Actor,
  ): Promise<{ account: Account; linkToken: string | undefined }> {
    const { store, audit, passwords } = this.#deps;
    for (const grant of body.grants) requireMayGrant(actor, grant);
    const hash = body.password === undefined ? null : await passwords.hash(body.password);
    return await store.transaction(async (tx) => {
      const id = await insertAccount(tx, { ...body, passwordHash: hash });
      for (const { projectId, role } of body.grants) await setGrant(tx, id, projectId, role);
      const linkToken = hash === null ? await createLink(tx, { kind: 'password', accountId: id }) : undefined;
      const account = await this.get(id, tx);
      await audit.record(tx, {
        actor,
        action: 'account.create',
        subject: { kind: 'account', id },
        after: forAudit(account),
      });
      return { account, linkToken };
    });
  }

  /**
   * Changes an account. Disabling it ends its sessions at once.
   * @throws not_found, role_exceeded, last_administrator
   */
  async change(id: string, patch: z.output<typeof AccountPatch>, actor: Actor): Promise<Account> {
    const { store, audit } = this.#deps;
    return await store.transaction((tx) =>
      keepingAdministrator(tx, async () => {
        const before = await this.get(id, tx);
        await tx
          .updateTable('account')
          .set({
            name: patch.name ?? before.name,
            language: patch.language ?? before.language,
            ...(patch.disabled === undefined || patch.disabled === before.disabled
              ? {}
              : { disabled_at: patch.disabled ? new Date() : null }),
          })
          .where('id', '=', id)
          .execute();
        if (patch.grants) await this.#replaceGrants(tx, before, patch.grants, actor);
        if (patch.disabled) await endSessions(tx, id);
        const after = await this.get(id, tx);
        await audit.record(tx, {
          actor,
          action: 'account.change',
          subject: { kind: 'account', id },
          before: forAudit(before),
          after: forAudit(after),
        });
        return after;
      }),
    );
  }

  /** Deletes an account with its sessions and tokens; what it did stays in the audit. @throws last_administrator */
  async remove(id: string, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps;
    await store.transaction((tx) =>
      keepingAdministrator(tx, async () => {
        const before = await this.get(id, tx);
        await tx.deleteFrom('account').where('id', '=', id).execute();
        await audit.record(tx, {
          actor,
          action: 'account.delete',
          subject: { kind: 'account', id },
          before: forAudit(before),
        });
      }),
    );
  }

  /** A new one-time link by which the owner chooses a password. Earlier ones stop working. */
  async issueLink(id: string, actor: Actor): Promise<{ account: Account; linkToken: string }> {
    const { store, audit } = this.#deps;
    return await store.transaction(async (tx) => {
      const account = await this.get(id, tx);
      const linkToken = await createLink(tx, { kind: 'password', accountId: id });
      await audit.record(tx, {
        actor,
        action: 'account.link',
        subject: { kind: 'account', id },
        after: { email: account.email },
      });
      return { account, linkToken };
    });
  }

  async #replaceGrants(tx: Tx, before: Account, wanted: readonly RoleGrant[], actor: Actor): Promise<void> {
    const roleAt = (grants: readonly RoleGrant[], projectId: string | null) =>
      grants.find((grant) => grant.projectId === projectId)?.role ?? null;
    const places = new Set([...before.grants, ...wanted].map((grant) => grant.projectId));
    for (const projectId of places) {
      const old = roleAt(before.grants, projectId);
      const role = roleAt(wanted, projectId);
      if (role === old) continue;
      // Taking away a role needs as much as giving it.
      for (const changed of [old, role]) {
        if (changed !== null) requireMayGrant(actor, { projectId, role: changed });
      }
      await setGrant(tx, before.id, projectId, role);
    }
  }
}

/** @throws email_taken */
export async function insertAccount(
  tx: Tx,
  account: {
    readonly email: string;
    readonly name: string;
    readonly language: string;
    readonly passwordHash: string | null;
  },
): Promise<string> {
  const id = newId();
  const { email, name, language, passwordHash } = account;
  try {
    await tx
      .insertInto('account')
      .values({ id, email, name, language, password_hash: passwordHash })
      .execute();
    return id;
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    throw new BacklotError(accessErrors.email_taken, {
      params: { email },
      pointer: 'body.email',
      cause: error,
    });
  }
}

function accountQuery(db: Db | Tx) {
  return db
    .selectFrom('account as a')
    .select(['a.id', 'a.email', 'a.name', 'a.language', 'a.disabled_at', 'a.created_at', 'a.last_seen_at'])
    .select((query) =>
      jsonArrayFrom(
        query
          .selectFrom('role_grant as g')
          .leftJoin('project as p', 'p.id', 'g.project_id')
          .select(['g.project_id as projectId', 'p.name as projectName', 'g.role'])
          .whereRef('g.account_id', '=', 'a.id')
          .orderBy('p.name'),
      ).as('grants'),
    );
}

type AccountRow = Awaited<ReturnType<ReturnType<typeof accountQuery>['executeTakeFirstOrThrow']>>;

function toAccount(row: AccountRow): Account {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    language: Language.catch('en').parse(row.language),
    disabled: row.disabled_at !== null,
    grants: row.grants,
    createdAt: row.created_at.toISOString(),
    lastSeenAt: row.last_seen_at?.toISOString() ?? null,
  };
}

function forAudit({ email, name, language, disabled, grants }: Account): unknown {
  return { email, name, language, disabled, grants };
}
