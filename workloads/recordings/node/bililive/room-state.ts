import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { LedgerFact, SetupText } from '../ledger/rows.ts';
import { readIfThere } from '../segments/if-there.ts';

const OpenTake = z.object({ take: z.string(), number: z.number().int() });

const OpenBroadcast = z.object({
  id: z.string(),
  startedWall: z.number(),
  lastWall: z.number(),
  takes: z.number().int(),
  segments: z.number().int(),
  bytes: z.number(),
  lossMs: z.number(),
  part: z.number().int(),
  setup: SetupText.nullable(),
});

/** The chat of a segment that is taken in: it may be written to still, and it may never have been there. */
export const PendingChat = z.object({
  /** Of the chat's file, in the recorder's folder. */
  path: z.string(),
  broadcast: z.string(),
  take: z.string(),
  /** Of the segment. */
  number: z.number().int(),
  /** When its segment was taken in. Milliseconds. */
  since: z.number(),
});
export type PendingChat = z.infer<typeof PendingChat>;

/** What a room has open and has still to come. */
const Underway = z.object({
  broadcast: OpenBroadcast.nullable(),
  /** Files that are being written, by path. */
  open: z.record(z.string(), OpenTake),
  chats: z.array(PendingChat).default([]),
});

/** What is known of a room of the recorder, over the life of allocations and processes. */
export const RoomState = Underway.extend({
  /** Files from before are none of ours. Milliseconds. */
  since: z.number(),
  /** A file that is being taken in, and what is so once the ledger has it. */
  taking: z.object({ path: z.string(), after: Underway }).nullable().default(null),
  /** Facts that are to be told still: written down here before, so that none is lost by a crash in between. */
  pending: z.array(LedgerFact),
  source: z.string(),
  title: z.string(),
});
export type RoomState = z.infer<typeof RoomState>;

/** A file that is no state (a disk that was full) is as none: what was recorded is found again by the folder. @throws Error of the disk */
export async function readRoomState(path: string, now: number): Promise<RoomState> {
  const fresh: RoomState = {
    since: now,
    broadcast: null,
    open: {},
    chats: [],
    taking: null,
    pending: [],
    source: '',
    title: '',
  };
  const text = (await readIfThere(path))?.toString('utf8') ?? '';
  try {
    return RoomState.parse(JSON.parse(text));
  } catch {
    return fresh;
  }
}

/** A process that was killed while it took a file in has done it, or has not: the ledger knows. Pure. */
export function settleTaking(state: RoomState, inLedger: (path: string) => boolean): RoomState {
  const { taking } = state;
  if (!taking) return state;
  return { ...state, ...(inLedger(taking.path) ? taking.after : {}), taking: null };
}

/** Whole or not at all. */
export async function writeRoomState(path: string, state: RoomState): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const next = `${path}.next`;
  const file = await open(next, 'w', 0o600);
  try {
    await file.writeFile(JSON.stringify(state));
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(next, path);
}
