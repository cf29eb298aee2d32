import { z } from 'zod';
import { LedgerFact, type LedgerRow, OpenSegment, RunEnd, SegmentOutput, SetupText } from './rows.ts';

/** What the rows of a ledger come to. */
export const LedgerState = z.object({
  broadcast: z
    .object({
      id: z.string(),
      startedWall: z.number(),
      /** Wall time of the newest media; of the beginning before there was any. */
      lastWall: z.number(),
      lastTake: z.number().int(),
      nextSegment: z.number().int(),
      part: z.number().int(),
      /** Media of the part in work, for cuts. */
      partMs: z.number(),
      partBytes: z.number(),
      setup: SetupText,
      run: RunEnd.nullable(),
      lossMs: z.number(),
      bytes: z.number(),
      segments: z.number().int(),
    })
    .nullable(),
  take: z.object({ id: z.string(), number: z.number().int(), open: z.boolean() }).nullable(),
  /** Begun and not closed: one that grows, and those whose last bytes are being written. In order. */
  open: z.array(OpenSegment),
  position: z.object({ name: z.string(), bytes: z.number().int(), token: z.string() }).nullable(),
  /** Closed, and not taken over by the agent yet. In order. */
  outputs: z.array(SegmentOutput),
  facts: z.array(LedgerFact),
  /** Takes so far, over all broadcasts of this allocation: the names of their folders are used once. */
  takes: z.number().int(),
});
export type LedgerState = z.infer<typeof LedgerState>;

export const emptyLedger: LedgerState = {
  broadcast: null,
  take: null,
  open: [],
  position: null,
  outputs: [],
  facts: [],
  takes: 0,
};

/** One more row. Pure; unknown orders of rows change as little as they can. */
export function applyRow(state: LedgerState, row: LedgerRow): LedgerState {
  const { broadcast } = state;
  switch (row.t) {
    case 'broadcast':
      if (broadcast?.id === row.id) return state;
      return {
        ...state,
        broadcast: {
          id: row.id,
          startedWall: row.wall,
          lastWall: row.wall,
          lastTake: 0,
          nextSegment: 1,
          part: 1,
          partMs: 0,
          partBytes: 0,
          setup: {},
          run: null,
          lossMs: 0,
          bytes: 0,
          segments: 0,
        },
        position: null,
      };
    case 'take':
      return {
        ...state,
        take: { id: row.take, number: row.number, open: true },
        // The number of a take begins anew with each broadcast; the names of its files must not.
        takes: state.take?.id === row.take ? state.takes : state.takes + 1,
        broadcast: broadcast && { ...broadcast, lastTake: row.number },
      };
    case 'open': {
      const { segment } = row;
      const newPart = broadcast !== null && segment.part !== broadcast.part;
      return {
        ...state,
        open: [...state.open.filter(({ name }) => name !== segment.name), segment],
        broadcast: broadcast && {
          ...broadcast,
          nextSegment: Math.max(broadcast.nextSegment, segment.number + 1),
          part: segment.part,
          setup: { ...broadcast.setup, ...segment.setup },
          ...(newPart ? { partMs: 0, partBytes: 0 } : {}),
        },
      };
    }
    case 'anchor':
      return {
        ...state,
        open: state.open.map((open) => (open.name === row.name ? { ...open, anchor: row.anchor } : open)),
      };
    case 'position':
      return { ...state, position: { name: row.name, bytes: row.bytes, token: row.token } };
    case 'closed': {
      const open = state.open.find(({ name }) => name === row.name);
      // Written twice after a full disk.
      if (!open) return state;
      const samePart = open.part === broadcast?.part;
      return {
        ...state,
        open: state.open.filter(({ name }) => name !== row.name),
        outputs: row.output ? [...state.outputs, row.output] : state.outputs,
        broadcast: broadcast && {
          ...broadcast,
          run: row.run ?? broadcast.run,
          lastWall: row.run
            ? Math.max(broadcast.lastWall, row.run.endMs + row.run.anchor)
            : broadcast.lastWall,
          lossMs: broadcast.lossMs + row.lossMs,
          bytes: broadcast.bytes + row.bytes,
          segments: broadcast.segments + (row.output ? 1 : 0),
          partMs: broadcast.partMs + (samePart ? row.ms : 0),
          partBytes: broadcast.partBytes + (samePart ? row.bytes : 0),
        },
      };
    }
    case 'take-end':
      return { ...state, take: state.take && { ...state.take, open: false } };
    case 'fact':
      return { ...state, facts: [...state.facts.filter(({ key }) => key !== row.fact.key), row.fact] };
    case 'reported': {
      const names = new Set(row.names);
      const keys = new Set(row.keys);
      return {
        ...state,
        outputs: state.outputs.filter(({ name }) => !names.has(name)),
        facts: state.facts.filter(({ key }) => !keys.has(key)),
      };
    }
    case 'over':
      return { ...state, broadcast: null, take: null, position: null };
    case 'state': {
      const stored = LedgerState.safeParse(row.state);
      return stored.success ? stored.data : state;
    }
  }
}
