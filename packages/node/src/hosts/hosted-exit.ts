import type { HostedEnd } from '@backlot/contract/host/protocol';
import type { ExitFile } from '@backlot/contract/runner/files';

/** When an allocation in a host began, and what it is called. */
export interface HostedStart {
  readonly allocation: string;
  readonly startedAt: string;
  /** Wall-clock time in milliseconds. */
  readonly now: number;
}

/** The end of an allocation as its host told it, in the form of every other end. */
export function toldExit(start: HostedStart, end: HostedEnd): ExitFile {
  const cause = end.outcome === 'stopped' ? 'stopped' : 'exited';
  return {
    ...blank(start),
    cause,
    code: end.outcome === 'failed' ? 1 : 0,
    ...(end.message === undefined ? {} : { message: end.message }),
    result: end.result,
  };
}

/** How a host ended, as far as its allocations depend on it. */
export interface HostEnd {
  readonly kind: string;
  readonly exit: Pick<ExitFile, 'cause' | 'code' | 'signal' | 'oomKills' | 'usage'>;
  /** Allocations that it may run at the same time. */
  readonly capacity: number;
  /** It was ended on purpose, with all that was in it. */
  readonly asked: boolean;
}

/**
 * The end of an allocation whose host has ended around it. What ended a host that many share says nothing about one of
 * them; a host that runs one at a time ended because of that one, so its lack of memory is the allocation's.
 */
export function lostExit(start: HostedStart, { kind, exit, capacity, asked }: HostEnd): ExitFile {
  const base = blank(start);
  if (asked) return { ...base, cause: 'stopped', message: `The host ${kind} was ended.`, result: null };
  const message = `The host ${kind} ended (${exit.signal ?? exit.code ?? exit.cause}) with this allocation in it.`;
  if (capacity > 1 || exit.cause !== 'oom') return { ...base, cause: 'runner-lost', message, result: null };
  const { code, signal, oomKills, usage } = exit;
  const peak = usage.peakMemory === undefined ? {} : { peakMemory: usage.peakMemory };
  return {
    ...base,
    cause: 'oom',
    code,
    signal,
    oomKills,
    message,
    usage: { ...base.usage, ...peak },
    result: null,
  };
}

/** The end of an allocation that was in a host when the agent was killed, and is in none now. */
export function vanishedExit(start: HostedStart, kind: string): ExitFile {
  const message = `The host ${kind} of this allocation has ended while no agent was there to see it.`;
  return { ...blank(start), cause: 'runner-lost', message, result: null };
}

function blank({ allocation, startedAt, now }: HostedStart): ExitFile {
  return {
    v: 1,
    allocation,
    cause: 'exited',
    code: null,
    signal: null,
    usage: { wallMs: Math.max(0, now - Date.parse(startedAt)) },
    frozenMs: 0,
    oomKills: 0,
    output: { stdout: 0, stderr: 0, dropped: 0 },
    leftBehind: 0,
    startedAt,
    endedAt: new Date(now).toISOString(),
  };
}
