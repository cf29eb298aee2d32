import { BacklotError, coreErrors, kernelErrors, LogTailResult, logTailMethod } from '@backlot/contract';
import { sql } from 'kysely';
import type { Db } from '../../db/schema.ts';
import type { BlobStore, NodeLinks } from '../../kernel.ts';

export interface LogDeps {
  readonly db: Db;
  readonly blobs: Pick<BlobStore, 'get'>;
  readonly nodes: () => NodeLinks;
}

export interface LogQuestion {
  readonly allocationId: string;
  readonly stream: 'stdout' | 'stderr';
  /** Byte to start at; negative counts from the end of what is known. */
  readonly from: number;
  readonly limit: number;
}

/** A piece of a log, byte for byte. */
export interface LogPiece {
  readonly bytes: Buffer;
  readonly from: number;
  /** Where to go on reading. */
  readonly next: number;
  /** The attempt has ended and nothing is behind `next`. */
  readonly ended: boolean;
}

interface Chunk {
  readonly position: number;
  readonly length: number;
  readonly digest: string;
}
interface LogOwner {
  readonly id: string;
  readonly fence: number;
  readonly node_id: string;
  readonly node_name: string | null;
  readonly state: string;
}

/** Time that a node has to send the end of a log. */
const tailDeadlineMs = 4_000;

/**
 * Reads a piece of an attempt's log: what has been uploaded from the blob store, the newest end from the node that
 * still has it. A node that doesn't answer hides only its own end of the log.
 *
 * @throws not_found; log_not_available when exactly the part asked for is on a node that doesn't answer
 */
export async function readLog(deps: LogDeps, question: LogQuestion, signal?: AbortSignal): Promise<LogPiece> {
  const owner = await findOwner(deps.db, question.allocationId);
  const chunks = await deps.db
    .selectFrom('log_chunk')
    .select(['position', 'length', 'digest'])
    .where('allocation_id', '=', owner.id)
    .where('stream', '=', question.stream)
    .orderBy('position')
    .execute();
  const last = chunks.at(-1);
  const stored = last ? last.position + last.length : 0;
  const live = owner.state !== 'ended' && owner.state !== 'offered';
  if (question.from < 0 && live) {
    const tail = await askNode(deps, owner, { ...question, from: stored });
    const size = Math.max(stored, tail?.size ?? 0);
    return readFrom(deps, owner, chunks, { ...question, from: Math.max(0, size + question.from) }, signal);
  }
  const from = question.from < 0 ? Math.max(0, stored + question.from) : question.from;
  return readFrom(deps, owner, chunks, { ...question, from }, signal);
}

async function findOwner(db: Db, id: string): Promise<LogOwner> {
  const { rows } = await sql<LogOwner>`
    SELECT a.id, a.fence, a.node_id, n.name AS node_name, a.state FROM (
      SELECT id, fence, node_id, state FROM allocation WHERE id = ${id}
      UNION ALL SELECT id, fence, node_id, state FROM allocation_history WHERE id = ${id}
    ) a LEFT JOIN node n ON n.id = a.node_id
  `.execute(db);
  const [owner] = rows;
  if (!owner) throw new BacklotError(kernelErrors.not_found, { params: { what: 'allocation', id } });
  return owner;
}

async function readFrom(
  deps: LogDeps,
  owner: LogOwner,
  chunks: readonly Chunk[],
  question: LogQuestion,
  signal: AbortSignal | undefined,
): Promise<LogPiece> {
  const ended = owner.state === 'ended';
  const { from, limit } = question;
  const covering = chunks.filter(
    (chunk) => chunk.position + chunk.length > from && chunk.position < from + limit,
  );
  if (covering.length > 0) {
    const { bytes, start } = await readStored(deps, covering, from, limit, signal);
    const next = start + bytes.length;
    const last = chunks.at(-1);
    return { bytes, from: start, next, ended: ended && next >= (last ? last.position + last.length : 0) };
  }
  if (ended || owner.state === 'offered') return { bytes: Buffer.alloc(0), from, next: from, ended };
  const tail = await askNode(deps, owner, question);
  if (!tail) {
    throw new BacklotError(coreErrors.log_not_available, {
      params: { node: owner.node_name ?? owner.node_id },
      retryAfterS: 2,
    });
  }
  const bytes = Buffer.from(tail.data, 'base64').subarray(0, limit);
  return { bytes, from: tail.position, next: tail.position + bytes.length, ended: false };
}

/** Chunks one after the other until there is enough, or a gap. */
async function readStored(
  deps: LogDeps,
  chunks: readonly Chunk[],
  from: number,
  limit: number,
  signal: AbortSignal | undefined,
): Promise<{ bytes: Buffer; start: number }> {
  // What was before the first chunk was rotated away: reading goes on where there is something.
  const start = Math.max(from, chunks[0]?.position ?? from);
  const parts: Buffer[] = [];
  let at = start;
  for (const chunk of chunks) {
    if (chunk.position > at || at - start >= limit) break;
    const skip = at - chunk.position;
    const take = Math.min(chunk.length - skip, limit - (at - start));
    if (take <= 0) continue;
    const part = await readRange(deps, chunk.digest, skip, skip + take - 1, signal);
    parts.push(part);
    at += part.length;
    if (part.length < take) break;
  }
  return { bytes: Buffer.concat(parts), start };
}

async function readRange(
  deps: LogDeps,
  digest: string,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of await deps.blobs.get(digest, { start, end }, signal)) {
    parts.push(Buffer.isBuffer(part) ? part : Buffer.from(part as Uint8Array));
  }
  return Buffer.concat(parts);
}

/** The end of the log from its node; nothing when the node can't be asked. */
async function askNode(
  deps: LogDeps,
  owner: LogOwner,
  question: LogQuestion,
): Promise<LogTailResult | undefined> {
  if (!deps.nodes().connected(owner.node_id)) return undefined;
  try {
    const answer = await deps.nodes().call(owner.node_id, {
      allocation: owner.id,
      method: logTailMethod,
      payload: { allocation: owner.id, fence: owner.fence, stream: question.stream, from: question.from },
      deadlineMs: tailDeadlineMs,
    });
    return LogTailResult.parse(answer);
  } catch {
    return undefined;
  }
}
