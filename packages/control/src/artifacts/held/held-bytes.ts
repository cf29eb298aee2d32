import { pipeline, type Readable, Transform } from 'node:stream';
import { artifactErrors, BacklotError } from '@backlot/contract';
import { holdingsMethods, SendHoldingAnswer } from '@backlot/contract/holdings';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Store } from '../../db/database.ts';
import type { Db } from '../../db/schema.ts';
import type { BlobStore, EventLog, NodeLinks, Pipes } from '../../kernel.ts';
import { loseHoldings } from './lose-holdings.ts';

/** Until a holder has begun to send, and between two pieces. Milliseconds. */
const HOLDER_MS = 15_000;
const CALL_MS = 10_000;

export interface HeldBytesDependencies {
  readonly store: Pick<Store, 'db' | 'transaction'>;
  readonly events: Pick<EventLog, 'append' | 'wake'>;
  readonly blobs: BlobStore;
  readonly pipes: Pipes;
  readonly nodes: () => Pick<NodeLinks, 'connected' | 'call'>;
  readonly log: Logger;
}

interface Whereabouts {
  readonly stored: boolean;
  readonly size: number;
  /** When this was looked up, by the database's clock. */
  readonly asked_at: string;
  readonly holders: readonly { readonly id: string; readonly name: string }[];
}

/**
 * The bytes of a digest, wherever they are: from the store, or else from a node that holds them, through a pipe. What
 * reads from here need not know which.
 */
export function createHeldBytes(deps: HeldBytesDependencies): BlobStore['get'] {
  const { store, blobs, log } = deps;
  return async (digest, range, signal) => {
    const where = await whereabouts(store.db, digest);
    if (!where || where.holders.length === 0) return blobs.get(digest, range, signal);
    if (where.stored) {
      try {
        return await blobs.get(digest, range, signal);
      } catch (error) {
        if (!(error instanceof BacklotError) || error.code !== artifactErrors.blob_missing.code) throw error;
        log.warn({ digest }, 'the store has lost bytes that a node still holds');
      }
    }
    return fromHolder(deps, digest, where, range, signal);
  };
}

async function whereabouts(db: Db, digest: string): Promise<Whereabouts | undefined> {
  const { rows } = await sql<Whereabouts>`
    SELECT stored, size::float8 AS size, now()::text AS asked_at, coalesce((
      SELECT json_agg(json_build_object('id', node.id, 'name', node.name) ORDER BY holder.since)
      FROM artifact_holder holder JOIN node ON node.id = holder.node_id
      WHERE holder.digest = blob.digest AND holder.state = 'held'), '[]') AS holders
    FROM blob WHERE digest = ${digest}
  `.execute(db);
  return rows[0];
}

async function fromHolder(
  { pipes, nodes, store, events, blobs, log }: HeldBytesDependencies,
  digest: string,
  { holders, size, asked_at: askedAt }: Whereabouts,
  range: { readonly start: number; readonly end?: number } = { start: 0 },
  signal?: AbortSignal,
): Promise<Readable> {
  const { start } = range;
  const end = Math.min(range.end ?? size - 1, size - 1);
  const lost = new Set<string>();
  for (const { id, name } of holders) {
    if (!nodes().connected(id)) continue;
    const pipe = pipes.open({ timeoutMs: HOLDER_MS, ...(signal ? { signal } : {}) });
    try {
      const answer = SendHoldingAnswer.parse(
        await nodes().call(id, {
          allocation: id,
          method: holdingsMethods.send,
          payload: { digest, start, end: Math.max(start, end), url: pipe.url },
          deadlineMs: CALL_MS,
        }),
      );
      if (answer.found && answer.size === size) return exactly(await pipe.body, end - start + 1);
      log.error({ digest, node: name, answer }, 'a node does not have what it should hold');
      lost.add(id);
      await store.transaction((tx) =>
        loseHoldings(tx, events, { nodeId: id, digests: [digest], state: 'held', askedAt }),
      );
      events.wake();
    } catch (error) {
      log.info({ err: error, digest, node: name }, 'a node does not send what it holds');
    }
    pipe.close();
    signal?.throwIfAborted();
  }
  const away = holders.filter(({ id }) => !lost.has(id));
  // Nobody is worth waiting for: the store has them, or says that they are gone.
  if (away.length === 0) return blobs.get(digest, range, signal);
  const nodeNames = away.map(({ name }) => name).join(', ');
  throw new BacklotError(artifactErrors.holder_away, { params: { nodes: nodeNames }, retryAfterS: 30 });
}

/** Passes on so many bytes; fewer or more is an error, so that nobody takes a cut file for whole. */
function exactly(source: Readable, bytes: number): Readable {
  let seen = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length;
      done(seen > bytes ? broken(`there are more than ${bytes} bytes`) : null, chunk);
    },
    flush(done) {
      done(seen < bytes ? broken(`${seen} of ${bytes} bytes have come`) : null);
    },
  });
  pipeline(source, count, () => undefined);
  return count;
}

function broken(reason: string): BacklotError {
  return new BacklotError(artifactErrors.pipe_broken, { params: { reason } });
}

/** A store whose bytes may also be on nodes; everything but reading is the store's own. */
export function withHolders(blobs: BlobStore, get: BlobStore['get']): BlobStore {
  return {
    name: blobs.name,
    get,
    put: (...args) => blobs.put(...args),
    stat: (digest) => blobs.stat(digest),
    delete: (digest) => blobs.delete(digest),
    space: () => blobs.space(),
    close: () => blobs.close(),
  };
}
