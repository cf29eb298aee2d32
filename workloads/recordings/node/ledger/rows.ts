import { z } from 'zod';

/**
 * The ledger of a channel on its node: one JSON object on a line, appended and never changed. Together with the files it
 * is all that a new process needs to go on where the one before was killed. Times are wall-clock milliseconds.
 */

/** What is reported of a segment; `path` is relative to the work folder. */
export const SegmentOutput = z.object({
  name: z.string(),
  kind: z.string(),
  path: z.string(),
  mediaType: z.string(),
  digest: z.string(),
  hold: z.literal(true),
  meta: z.record(z.string(), z.unknown()),
});
export type SegmentOutput = z.infer<typeof SegmentOutput>;

export const LedgerFact = z.object({
  key: z.string(),
  kind: z.string(),
  at: z.string(),
  body: z.record(z.string(), z.unknown()),
  flow: z.object({ version: z.string() }).optional(),
});
export type LedgerFact = z.infer<typeof LedgerFact>;

export const SetupText = z.object({ video: z.string().optional(), audio: z.string().optional() });

/** Where a stretch of one source clock has got to. */
export const RunEnd = z.object({
  run: z.number().int(),
  /** Source time behind the last frame. */
  endMs: z.number(),
  /** `wall = source + anchor`. */
  anchor: z.number(),
});
export type RunEnd = z.infer<typeof RunEnd>;

/** All that a segment is known by before it has a byte. */
export const OpenSegment = z.object({
  name: z.string(),
  container: z.enum(['flv', 'ts', 'fmp4']),
  broadcast: z.string(),
  take: z.string(),
  takeNumber: z.number().int(),
  number: z.number().int(),
  part: z.number().int(),
  cause: z.string(),
  baseMs: z.number(),
  startsWithKeyframe: z.boolean(),
  codecs: z.array(z.string()),
  width: z.number(),
  height: z.number(),
  setup: SetupText,
  /** Wall time of its opening. */
  wall: z.number(),
  /** What is known of the anchor; corrected by later rows. */
  anchor: z.number().optional(),
  /** It does not follow the segment before on the source's clock as a matter of course. */
  newClock: z.boolean(),
  /** The source says that its clock goes on all the same. */
  sameClock: z.boolean().optional(),
  /** It stands right behind the one before, so much media later, whatever its clock says. */
  afterMs: z.number().optional(),
  title: z.string().optional(),
});
export type OpenSegment = z.infer<typeof OpenSegment>;

export const LedgerRow = z.discriminatedUnion('t', [
  z.object({ t: z.literal('broadcast'), id: z.string(), wall: z.number() }),
  z.object({ t: z.literal('take'), take: z.string(), number: z.number().int() }),
  z.object({ t: z.literal('open'), segment: OpenSegment }),
  z.object({ t: z.literal('anchor'), name: z.string(), anchor: z.number() }),
  /** All bytes of the segment in work up to `bytes` are whole pieces; `token` asks the source for what follows. */
  z.object({ t: z.literal('position'), name: z.string(), bytes: z.number().int(), token: z.string() }),
  z.object({
    t: z.literal('closed'),
    name: z.string(),
    output: SegmentOutput.nullable(),
    run: RunEnd.nullable(),
    lossMs: z.number(),
    bytes: z.number(),
    /** Media milliseconds in it. */
    ms: z.number(),
  }),
  z.object({ t: z.literal('take-end') }),
  z.object({ t: z.literal('fact'), fact: LedgerFact }),
  z.object({ t: z.literal('reported'), names: z.array(z.string()), keys: z.array(z.string()) }),
  /** The broadcast is over. */
  z.object({ t: z.literal('over') }),
  /** Everything before is worth this; written when the file is made short. */
  z.object({ t: z.literal('state'), state: z.unknown() }),
]);
export type LedgerRow = z.infer<typeof LedgerRow>;
