import type { JoinBody } from '@backlot/contract/api/nodes';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { newId } from '@backlot/contract/id';
import { sql } from 'kysely';
import type { z } from 'zod';
import { isUniqueViolation } from '../../db/database-error.ts';
import type { Tx } from '../../db/schema.ts';
import type { Actor } from '../../kernel.ts';
import type { NodesDependencies } from '../dependencies.ts';
import { readPublicKey } from '../link/proof.ts';
import { hashJoinToken } from './join-tokens.ts';

/** Two machines that join under one name at the same moment: the second tries the next free one. */
const NAME_ATTEMPTS = 5;

/**
 * Lets a machine join: its public key is stored under a new node, and one use of the token is spent. The same key
 * with the same token is the same machine asking again because the answer was lost, and gets the same node.
 *
 * @throws join_token_invalid, join_key_invalid
 */
export async function joinNode(
  deps: NodesDependencies,
  secret: string,
  body: z.output<typeof JoinBody>,
  actor: Actor,
): Promise<{ nodeId: string; name: string }> {
  readPublicKey(body.publicKey);
  for (let attempt = 1; ; attempt += 1) {
    try {
      const joined = await deps.store.transaction((tx) => join(tx, deps, secret, body, actor));
      deps.events.wake();
      return joined;
    } catch (error) {
      if (attempt >= NAME_ATTEMPTS || !isUniqueViolation(error, 'node_name')) throw error;
    }
  }
}

async function join(
  tx: Tx,
  deps: NodesDependencies,
  secret: string,
  body: z.output<typeof JoinBody>,
  actor: Actor,
): Promise<{ nodeId: string; name: string }> {
  // Locked, so that of two machines that want the last use only one gets it.
  const token = await tx
    .selectFrom('join_token')
    .selectAll()
    .where('token_hash', '=', hashJoinToken(secret))
    .where('expires_at', '>', sql<Date>`now()`)
    .forUpdate()
    .executeTakeFirst();
  if (!token) throw new BacklotError(linkErrors.join_token_invalid);
  const known = await tx
    .selectFrom('node')
    .select(['id', 'name'])
    .where('public_key', '=', body.publicKey)
    .where('state', '<>', 'removed')
    .executeTakeFirst();
  if (known) return { nodeId: known.id, name: known.name };
  if (token.uses_left === 0) throw new BacklotError(linkErrors.join_token_invalid);
  await tx
    .updateTable('join_token')
    .set({ uses_left: token.uses_left - 1 })
    .where('id', '=', token.id)
    .execute();
  const node = { id: newId(), name: await freeName(tx, body.name) };
  await tx
    .insertInto('node')
    .values({
      ...node,
      public_key: body.publicKey,
      pool: token.pool,
      labels: JSON.stringify(token.labels),
      agent_version: body.agentVersion,
    })
    .execute();
  await deps.events.append(tx, [
    {
      projectId: null,
      kind: 'node.joined',
      subject: { kind: 'node', id: node.id },
      body: { name: node.name, pool: token.pool },
    },
  ]);
  await deps.audit.record(tx, {
    actor,
    action: 'node.join',
    subject: { kind: 'node', id: node.id },
    after: { name: node.name, pool: token.pool, labels: token.labels, joinToken: token.id },
  });
  return { nodeId: node.id, name: node.name };
}

/** The name asked for, or that name with the next free number. */
async function freeName(tx: Tx, wanted: string): Promise<string> {
  const taken = await tx
    .selectFrom('node')
    .select('name')
    .where('state', '<>', 'removed')
    .where((eb) =>
      eb.or([
        eb('name', '=', wanted),
        eb(eb.fn<string>('left', ['name', sql.lit(wanted.length + 1)]), '=', `${wanted}-`),
      ]),
    )
    .execute();
  const names = new Set(taken.map((row) => row.name));
  if (!names.has(wanted)) return wanted;
  for (let n = 2; ; n += 1) if (!names.has(`${wanted}-${n}`)) return `${wanted}-${n}`;
}
