import { createHash, randomBytes } from 'node:crypto';
import type { JoinToken, JoinTokenCreate } from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { newId } from '@backlot/contract/id';
import { type Selectable, sql } from 'kysely';
import type { z } from 'zod';
import type { JoinTokenTable } from '../../db/schema.ts';
import type { Actor } from '../../kernel.ts';
import type { NodesDependencies } from '../dependencies.ts';
import { requirePool } from '../fleet/pools.ts';

/** Tells a join token from other secrets when somebody pastes the wrong one. */
const PREFIX = 'blj_';

export function hashJoinToken(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Tokens that let a number of machines join, until a time. Only their hashes are stored. */
export class JoinTokens {
  readonly #deps: NodesDependencies;

  constructor(deps: NodesDependencies) {
    this.#deps = deps;
  }

  async create(
    draft: z.output<typeof JoinTokenCreate>,
    actor: Actor,
  ): Promise<{ token: z.output<typeof JoinToken>; secret: string }> {
    const secret = `${PREFIX}${randomBytes(24).toString('base64url')}`;
    return this.#deps.store.transaction(async (tx) => {
      await requirePool(tx, draft.pool);
      const row = await tx
        .insertInto('join_token')
        .values({
          id: newId(),
          token_hash: hashJoinToken(secret),
          pool: draft.pool,
          labels: JSON.stringify(draft.labels),
          uses_left: draft.uses,
          expires_at: sql<Date>`now() + make_interval(mins => ${draft.expiresInMinutes})`,
          created_by: actor.name,
        })
        .returningAll()
        .executeTakeFirstOrThrow();
      const token = view(row);
      await this.#deps.audit.record(tx, {
        actor,
        action: 'join_token.create',
        subject: { kind: 'join_token', id: token.id },
        after: token,
      });
      return { token, secret };
    });
  }

  /** Those that can still be used, newest first. */
  async list(): Promise<z.output<typeof JoinToken>[]> {
    const rows = await this.#deps.store.db
      .selectFrom('join_token')
      .selectAll()
      .where('uses_left', '>', 0)
      .where('expires_at', '>', sql<Date>`now()`)
      .orderBy('id', 'desc')
      .limit(500)
      .execute();
    return rows.map(view);
  }

  async revoke(id: string, actor: Actor): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      const row = await tx.deleteFrom('join_token').where('id', '=', id).returningAll().executeTakeFirst();
      if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'join token', id } });
      await this.#deps.audit.record(tx, {
        actor,
        action: 'join_token.revoke',
        subject: { kind: 'join_token', id },
        before: view(row),
      });
    });
  }
}

function view(row: Selectable<JoinTokenTable>): z.output<typeof JoinToken> {
  return {
    id: row.id,
    pool: row.pool,
    labels: row.labels,
    usesLeft: row.uses_left,
    expiresAt: row.expires_at.toISOString(),
    createdAt: row.created_at.toISOString(),
  };
}
