import { open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { LedgerRow, OpenSegment } from '../ledger/rows.ts';
import { applyRow, type LedgerState } from '../ledger/state.ts';
import { closedRow } from '../recorder/close-segment.ts';
import { describeSegment } from '../recorder/segment-meta.ts';
import { sizeIfThere } from './if-there.ts';
import { scanSegment } from './scan-segment.ts';
import { digestOf, PART_SUFFIX } from './segment-file.ts';
import { wholeTsBytes } from './torn-end.ts';

/**
 * Ends what a process that was killed (or a disk that was full) has left open: each segment is cut to its last whole tag
 * or packet, and kept; one without a frame is removed. Repeatable: a second salvage finds nothing to do.
 * @returns rows for the ledger, in order. @throws Error of the disk: what can't be looked at now is not given up
 */
export async function salvage(workDir: string, state: LedgerState, why: string): Promise<LedgerRow[]> {
  const rows: LedgerRow[] = [];
  let current = state;
  for (const segment of state.open) {
    const row = await salvageSegment(workDir, segment, current, why);
    rows.push(row);
    current = applyRow(current, row);
  }
  return rows;
}

/** Ends one segment whose writing did not end well. */
export async function salvageSegment(
  workDir: string,
  segment: OpenSegment,
  state: LedgerState,
  why: string,
): Promise<LedgerRow> {
  const path = join(workDir, segment.name);
  const part = `${path}${PART_SUFFIX}`;
  const torn = (await sizeIfThere(part)) !== undefined;
  const from = torn ? part : path;
  const size = await sizeIfThere(from);
  const nothing: LedgerRow = {
    t: 'closed',
    name: segment.name,
    output: null,
    run: null,
    lossMs: 0,
    bytes: 0,
    ms: 0,
  };
  if (size === undefined) return nothing;
  if (torn) {
    const whole = wholePieces(segment, state.position);
    if (whole !== undefined && whole <= size) await cut(part, whole);
    // Where the source gives pieces, what is whole of them is known; elsewhere a kill has left the beginning of a frame.
    else if (segment.container === 'ts') await cut(part, await wholeTsBytes(part));
  }
  const facts = await scanSegment(from, segment.container, segment.baseMs);
  if (facts.firstMs < 0 || facts.wholeBytes === 0) {
    await rm(from, { force: true });
    return nothing;
  }
  facts.codecs = segment.codecs;
  facts.width = segment.width;
  facts.height = segment.height;
  if (torn) {
    await cut(part, facts.wholeBytes);
    await rename(part, path);
  }
  const description = describeSegment({
    open: segment,
    facts,
    before: state.broadcast?.run ?? null,
    anchor: undefined,
    why,
    torn,
  });
  return closedRow(segment, description, { bytes: facts.wholeBytes, digest: await digestOf(path) });
}

/**
 * Bytes of a segment that are whole pieces, where the source gives pieces and will be asked for the rest again: what stands
 * behind them would be recorded twice. Of a segment that was begun after the last piece was noted, that is everything.
 */
function wholePieces(
  { name, sameClock = false }: OpenSegment,
  position: LedgerState['position'],
): number | undefined {
  if (position === null) return undefined;
  if (position.name === name) return position.bytes;
  const sameConnection = dirname(position.name) === dirname(name);
  return sameConnection || sameClock ? 0 : undefined;
}

async function cut(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(bytes);
    await file.datasync();
  } finally {
    await file.close();
  }
}
