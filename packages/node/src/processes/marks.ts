import { createHash } from 'node:crypto';

/**
 * Environment variables that every process of a node carries. Children inherit them, so that strays are found by
 * them after a crash, wherever they went.
 */

/** Allocation (or host) that the process works for. */
export const allocationMark = 'BACKLOT_ALLOCATION';
/** A runner, by the agent (its instance) that started it. What a runner runs never carries it. */
export const runnerMark = 'BACKLOT_RUNNER';
/** A short command of the agent of this instance: a probe, a check. It has no meaning without its agent. */
export const commandMark = 'BACKLOT_COMMAND';
/** One short command: what it started is found by this even when the command itself was gone before anybody looked. */
export const commandRunMark = 'BACKLOT_COMMAND_RUN';
/** The node, by its data directory: several nodes may share a machine, in tests above all. */
export const nodeMark = 'BACKLOT_NODE';

/** Value of `BACKLOT_NODE` for a data directory, and part of the names of its control groups. */
export function nodeMarkOf(dataDir: string): string {
  return createHash('sha256').update(dataDir).digest('hex').slice(0, 12);
}
