import { createHash } from 'node:crypto';
import { BacklotError, httpErrors } from '@backlot/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../db/schema.ts';
import type { Actor } from '../kernel.ts';

/**
 * `Idempotency-Key` on creates (draft-ietf-httpapi-idempotency-key-header): whoever repeats a request because no
 * answer came gets the first one's answer, and nothing is made twice.
 *
 * Only successes are kept. A failed request has changed nothing, so its repetition may simply run.
 */
interface StoredAnswer {
  readonly body: string;
  readonly type: string;
  readonly location?: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set when this request holds a key whose answer is to be kept. */
    idempotency?: { readonly actor: string; readonly key: string };
  }
}

/** After this, a request without an answer belongs to a process that has died, and may be taken over. */
const abandonedAfterMs = 10 * 60_000;
/** Larger answers are not kept; no create of ours answers so much. */
const largestAnswer = 256 * 1024;

/** Who a key belongs to: two people may use the same one. */
export function keyOwner(actor: Actor, address: string): string {
  if (actor.tokenId !== undefined) return `token:${actor.tokenId}`;
  return actor.id === null ? `${actor.kind}:${actor.name}:${address}` : `${actor.kind}:${actor.id}`;
}

/** What makes two requests the same. Key order in the body counts: clients repeat what they sent. */
export function requestHash(method: string, url: string, body: unknown): Buffer {
  return createHash('sha256')
    .update(`${method} ${url}\n${JSON.stringify(body) ?? ''}`)
    .digest();
}

/**
 * Runs after authorisation and validation, before the handler: claims the key, or answers for it.
 * @throws idempotency_key_invalid, idempotency_key_reused, idempotency_in_flight, idempotency_secret_told
 */
export function beginIdempotent(db: Db) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    const header = request.headers['idempotency-key'];
    if (header === undefined || request.method !== 'POST') return undefined;
    if (typeof header !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(header)) {
      throw new BacklotError(httpErrors.idempotency_key_invalid, { pointer: 'headers.idempotency-key' });
    }
    const owner = keyOwner(request.actor, request.ip);
    const hash = requestHash(request.method, request.url, request.body);
    const claimed = await db
      .insertInto('idempotency')
      .values({ actor: owner, key: header, request_hash: hash })
      .onConflict((conflict) =>
        conflict
          .columns(['actor', 'key'])
          .doUpdateSet({ created_at: sql`now()` })
          .where('idempotency.status', 'is', null)
          .where('idempotency.request_hash', '=', hash)
          .where(
            'idempotency.created_at',
            '<',
            sql<Date>`now() - make_interval(secs => ${abandonedAfterMs / 1000})`,
          ),
      )
      .returning('key')
      .executeTakeFirst();
    if (claimed) {
      request.idempotency = { actor: owner, key: header };
      return undefined;
    }
    return await replay(db, reply, owner, header, hash);
  };
}

async function replay(
  db: Db,
  reply: FastifyReply,
  actor: string,
  key: string,
  hash: Buffer,
): Promise<FastifyReply> {
  const row = await db
    .selectFrom('idempotency')
    .select(['request_hash', 'status', 'response'])
    .where('actor', '=', actor)
    .where('key', '=', key)
    .executeTakeFirst();
  if (row && !row.request_hash.equals(hash)) {
    throw new BacklotError(httpErrors.idempotency_key_reused, { pointer: 'headers.idempotency-key' });
  }
  // No row: the first request has failed in this very moment and given the key back.
  if (!row || row.status === null) {
    throw new BacklotError(httpErrors.idempotency_in_flight, { retryAfterS: 1 });
  }
  if (row.response === null) throw new BacklotError(httpErrors.idempotency_secret_told);
  const answer = row.response as StoredAnswer;
  if (answer.location !== undefined) reply.header('location', answer.location);
  return reply
    .code(row.status)
    .header('idempotency-replayed', 'true')
    .type(answer.type)
    .serializer((body: unknown) => String(body))
    .send(answer.body);
}

/** Runs when the answer is known, before it is sent: keeps it, or gives the key back. */
export function endIdempotent(db: Db, log: Logger) {
  return async (request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> => {
    const held = request.idempotency;
    if (!held) return payload;
    delete request.idempotency;
    const row = { actor: held.actor, key: held.key };
    try {
      if (reply.statusCode >= 400) await release(db, row);
      else await keep(db, row, reply, payload, request.routeOptions.config.secretAnswer === true);
    } catch (error) {
      // The change itself is done; only its repetition is not recognised, and answered "in flight" for a while.
      log.warn({ err: error, requestId: request.id }, 'an idempotency key could not be settled');
    }
    return payload;
  };
}

async function keep(
  db: Db,
  { actor, key }: { actor: string; key: string },
  reply: FastifyReply,
  payload: unknown,
  secret: boolean,
): Promise<void> {
  const location = reply.getHeader('location');
  const body =
    typeof payload === 'string' ? payload : payload === undefined || payload === null ? '' : undefined;
  const storable = !secret && body !== undefined && body.length <= largestAnswer;
  const answer: StoredAnswer | null = storable
    ? {
        body,
        type: String(reply.getHeader('content-type') ?? 'application/json; charset=utf-8'),
        ...(typeof location === 'string' ? { location } : {}),
      }
    : null;
  await db
    .updateTable('idempotency')
    .set({ status: reply.statusCode, response: answer === null ? null : JSON.stringify(answer) })
    .where('actor', '=', actor)
    .where('key', '=', key)
    .execute();
}

async function release(db: Db, { actor, key }: { actor: string; key: string }): Promise<void> {
  await db
    .deleteFrom('idempotency')
    .where('actor', '=', actor)
    .where('key', '=', key)
    .where('status', 'is', null)
    .execute();
}
