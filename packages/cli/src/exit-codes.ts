/**
 * What a `backlot` process ends with. The numbers are promises to scripts: they are documented in the
 * README of this package and printed by `backlot help exit-codes`; none is ever given a second meaning.
 */
export const exitCodes = {
  /** Everything that was asked for is done. */
  ok: 0,
  /** The command ran, and what it asked for did not succeed: a failed job, a check that found a problem. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was done. */
  usage: 2,
  /** Not signed in, or signed in without the right that this needs. */
  denied: 3,
  /** The thing that was named does not exist. */
  notFound: 4,
  /** The thing exists, but its state does not allow this now. */
  conflict: 5,
  /** The control plane cannot be reached, or is not ready. Trying again later can help. */
  unreachable: 6,
  /** Something ended that should not have: a defect of Backlot, please report it. */
  internal: 70,
  /** Ended by Ctrl-C (128 + SIGINT). */
  interrupted: 130,
  /** Ended by SIGTERM (128 + SIGTERM). */
  terminated: 143,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
