import type { ProcessEntry, ProcessIdentity } from './identity.ts';

/** Signals that the node sends to processes it owns. Windows knows only the end of a process. */
export type TreeSignal = 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGSTOP' | 'SIGCONT';

/**
 * The processes of this machine. One adapter per platform; whatever is asked of a process that has meanwhile
 * ended is answered with "not there", never with an error.
 */
export interface ProcessTable {
  /** Marks can be read from other processes' environments, so that strays are found by them. */
  readonly readsEnvironments: boolean;
  /** Processes can be stopped in place and continued by a signal. */
  readonly stopsProcesses: boolean;
  /** The process that has this pid now. Zombies count as gone. */
  find(pid: number): Promise<ProcessEntry | undefined>;
  /** All processes that may be seen, zombies too. */
  list(): Promise<ProcessEntry[]>;
  /** Of these, the ones that carry `name=value` in the environment they were started with. */
  withMark(entries: readonly ProcessEntry[], name: string, value: string): Promise<ProcessEntry[]>;
  /** Value of a variable in the environment that a process was started with. */
  environment(identity: ProcessIdentity, name: string): Promise<string | undefined>;
  /** Sends a signal if the pid still belongs to this very process. Tells whether it was sent. */
  signal(identity: ProcessIdentity, signal: TreeSignal): Promise<boolean>;
}

/** Whether this very process still runs; a zombie and a stranger with the same pid don't count. */
export async function isAlive(table: ProcessTable, identity: ProcessIdentity): Promise<boolean> {
  const entry = await table.find(identity.pid);
  return entry !== undefined && entry.start === identity.start;
}

/** Identity of the process that has this pid now, without what else is known about it. */
export async function identify(table: ProcessTable, pid: number): Promise<ProcessIdentity | undefined> {
  const entry = await table.find(pid);
  return entry && { pid: entry.pid, start: entry.start };
}
