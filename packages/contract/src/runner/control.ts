import { z } from 'zod';
import { Usage } from '../output.ts';
import { ExitFile, ProcessRef } from './files.ts';

/**
 * What an agent says to a runner: one JSON object on a line, each answered by one line with the same `id`. Any number
 * of agents may come and go; the runner does not care whether one is there.
 */
export const RunnerRequest = z.discriminatedUnion('op', [
  z.object({ id: z.number().int(), op: z.literal('status') }),
  /** Asks the child to end, and kills its tree after `graceMs`. Answered at once; the end comes as an event. */
  z.object({
    id: z.number().int(),
    op: z.literal('stop'),
    graceMs: z.number().int().nonnegative().optional(),
  }),
  /** Answered when every process of the tree was seen to stand still. */
  z.object({ id: z.number().int(), op: z.literal('freeze') }),
  z.object({ id: z.number().int(), op: z.literal('thaw') }),
  /** A word of progress: the limit of silence counts from now. */
  z.object({ id: z.number().int(), op: z.literal('touch') }),
  /** Text for the child's standard input. */
  z.object({ id: z.number().int(), op: z.literal('input'), text: z.string().max(60_000) }),
]);
export type RunnerRequest = z.infer<typeof RunnerRequest>;
export type RunnerOp = RunnerRequest['op'];

export const runnerStates = ['starting', 'running', 'frozen', 'stopping', 'ended'] as const;

export const RunnerStatus = z.object({
  state: z.enum(runnerStates),
  child: ProcessRef.nullable(),
  usage: Usage,
  /** Bytes in use now by everything that the child has started; missing where nothing measures it, and before the first look. */
  memory: z.number().int().nonnegative().optional(),
  /** Processes of the tree as last seen, the child's own first; at most 256 are told. */
  pids: z.array(z.number().int().positive()).max(256).optional(),
  frozenMs: z.number().nonnegative(),
  /** Milliseconds since the last output or word of progress. */
  silentMs: z.number().nonnegative(),
  /** Bytes written to each stream so far. */
  stdout: z.number().int().nonnegative(),
  stderr: z.number().int().nonnegative(),
});
export type RunnerStatus = z.infer<typeof RunnerStatus>;

/** What a runner says: an answer, or, to everyone connected, that it is over. */
export const RunnerMessage = z.union([
  z.object({ id: z.number().int(), ok: z.literal(true), status: RunnerStatus }),
  z.object({
    id: z.number().int(),
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
  z.object({ event: z.literal('ended'), exit: ExitFile }),
]);
export type RunnerMessage = z.infer<typeof RunnerMessage>;
