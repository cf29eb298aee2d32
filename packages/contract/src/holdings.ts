import { z } from 'zod';
import { Digest } from './id.ts';
import { DiskState } from './link/messages.ts';
import { OutputName } from './output.ts';

/**
 * Calls of the control plane to a node about the bytes that it holds. They concern no allocation: `Call.allocation` is
 * the node's own id.
 */
export const holdingsMethods = {
  /** Sends a part of a file to a pipe of the control plane. */
  send: 'kernel.holdings.send',
  /** Puts files into the trash, where they stay for a while. */
  trash: 'kernel.holdings.trash',
  /** Takes files out of the trash. */
  restore: 'kernel.holdings.restore',
} as const;

export const SendHolding = z.object({
  digest: Digest,
  /** First and last byte, both inclusive. */
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative().optional(),
  /** Where to post the bytes: an address below the control plane's, with a ticket that works once. */
  url: z.string().max(2_000),
});
export type SendHolding = z.infer<typeof SendHolding>;
/** Whether the bytes are there; they follow by the pipe. */
export const SendHoldingAnswer = z.object({
  found: z.boolean(),
  size: z.number().int().nonnegative().optional(),
});
export type SendHoldingAnswer = z.infer<typeof SendHoldingAnswer>;

export const ChangeHoldings = z.object({ digests: z.array(Digest).min(1).max(500) });
export type ChangeHoldings = z.infer<typeof ChangeHoldings>;
/** What became of each; asking again gives the same answer. `kept`: something that runs here needs it, ask again later. */
export const ChangedHoldings = z.object({
  holdings: z.array(z.object({ digest: Digest, state: z.enum(['held', 'trashed', 'gone', 'kept']) })),
});
export type ChangedHoldings = z.infer<typeof ChangedHoldings>;

/** Call of a node that has a word for people about its disk: at most one in ten minutes. It becomes the event `disk.low` or `disk.full`. */
export const diskNoticeMethod = 'kernel.disk';
export const DiskNotice = z.object({
  state: DiskState,
  free: z.number().nonnegative(),
  total: z.number().nonnegative(),
});

/** A file that a host reports, as it crosses the socket; see `OutputFile` of the node's port. */
export const ReportedFile = z.object({
  name: OutputName,
  kind: z.string().min(1).max(60),
  path: z.string().min(1).max(1_000),
  mediaType: z.string().max(200),
  meta: z.record(z.string(), z.unknown()).optional(),
  hold: z.literal(true).optional(),
  digest: Digest.optional(),
});
export type ReportedFile = z.infer<typeof ReportedFile>;
