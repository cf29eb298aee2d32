import {
  type ApiToken,
  type ApiTokenCreate,
  accessErrors,
  BacklotError,
  kernelErrors,
  newId,
  type PermissionTable,
  scopeCovers,
} from '@backlot/contract';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { Actor, AuditLog } from '../kernel.ts';
import { apiTokenPrefix, hashSecret, newSecret } from './secrets.ts';

export interface TokensDeps {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly permissions: PermissionTable;
}

const dayMs = 24 * 3600 * 1000;

/**
 * A scope must cover something, or it is a typing mistake that would be noticed only when it fails.
 * @throws scope_unknown
 */
export function checkScopes(scopes: readonly string[], permissions: PermissionTable): void {
  const names = Object.keys(permissions);
  for (const [index, scope] of scopes.entries()) {
    if (names.some((name) => scopeCovers([scope], name))) continue;
    throw new BacklotError(accessErrors.scope_unknown, {
      params: { scope },
      pointer: `body.scopes.${index}`,
    });
  }
}

/** API tokens of an account. The secret is told once; what is stored is its hash. */
export class Tokens {
  readonly #deps: TokensDeps;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  /** An account's tokens that are not revoked, newest first, with one row too many. */
  async list(query: {
    readonly accountId: string;
    readonly beforeId: string | undefined;
    readonly limit: number;
  }): Promise<ApiToken[]> {
    let rows = this.#deps.store.db
      .selectFrom('api_token')
      .select(columns)
      .where('account_id', '=', query.accountId)
      .where('revoked_at', 'is', null)
      .orderBy('id', 'desc')
      .limit(query.limit + 1);
    if (query.beforeId !== undefined) rows = rows.where('id', '<', query.beforeId);
    return (await rows.execute()).map(toToken);
  }

  /** @throws scope_unknown, not_found for a project without any role in it */
  async create(
    body: z.output<typeof ApiTokenCreate>,
    accountId: string,
    actor: Actor,
    now: number,
  ): Promise<{ token: ApiToken; secret: string }> {
    const { store, audit, permissions } = this.#deps;
    checkScopes(body.scopes, permissions);
    const { projectId } = body;
    if (projectId !== null && !actor.grants.some((g) => g.projectId === null || g.projectId === projectId)) {
      throw new BacklotError(kernelErrors.not_found, {
        params: { what: 'project', id: projectId },
        pointer: 'body.projectId',
      });
    }
    const secret = newSecret(apiTokenPrefix);
    return await store.transaction(async (tx) => {
      const row = await tx
        .insertInto('api_token')
        .values({
          id: newId(),
          account_id: accountId,
          project_id: projectId,
          name: body.name,
          token_hash: hashSecret(secret),
          scopes: body.scopes,
          expires_at: body.expiresInDays === null ? null : new Date(now + body.expiresInDays * dayMs),
        })
        .returning(columns)
        .executeTakeFirstOrThrow();
      const token = toToken(row);
      await audit.record(tx, {
        actor,
        action: 'token.create',
        subject: { kind: 'token', id: token.id },
        projectId,
        after: { name: token.name, scopes: token.scopes, expiresAt: token.expiresAt },
      });
      return { token, secret };
    });
  }

  /** Revokes a token of an account (any account's when it is undefined). @throws not_found */
  async revoke(id: string, accountId: string | undefined, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps;
    await store.transaction(async (tx) => {
      let query = tx
        .updateTable('api_token')
        .set({ revoked_at: new Date() })
        .where('id', '=', id)
        .where('revoked_at', 'is', null);
      if (accountId !== undefined) query = query.where('account_id', '=', accountId);
      const row = await query.returning(columns).executeTakeFirst();
      if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'token', id } });
      await audit.record(tx, {
        actor,
        action: 'token.revoke',
        subject: { kind: 'token', id },
        projectId: row.project_id,
        before: { name: row.name, accountId: row.account_id, scopes: row.scopes },
      });
    });
  }
}

const columns = [
  'id',
  'account_id',
  'project_id',
  'name',
  'scopes',
  'expires_at',
  'last_used_at',
  'revoked_at',
  'created_at',
] as const;

interface TokenRow {
  readonly id: string;
  readonly account_id: string;
  readonly project_id: string | null;
  readonly name: string;
  readonly scopes: string[];
  readonly expires_at: Date | null;
  readonly last_used_at: Date | null;
  readonly revoked_at: Date | null;
  readonly created_at: Date;
}

function toToken(row: TokenRow): ApiToken {
  return {
    id: row.id,
    name: row.name,
    projectId: row.project_id,
    accountId: row.account_id,
    scopes: row.scopes,
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
    revokedAt: row.revoked_at?.toISOString() ?? null,
  };
}
