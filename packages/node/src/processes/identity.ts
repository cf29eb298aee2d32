/**
 * Which process is meant, for as long as the machine stays up. A pid alone can be given to a stranger the moment
 * its process has ended; together with the moment it started it can't.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * When it started, in the words of the platform: on Linux the boot id and the start time in clock ticks
   * (proc(5), field 22 of `stat`), on macOS and Windows the creation time. Compare it, never parse it.
   */
  readonly start: string;
}

/** What the process table knows about one process. */
export interface ProcessEntry extends ProcessIdentity {
  readonly parent: number;
  /** Process group; 0 where the platform has none. */
  readonly group: number;
  /** Session; 0 where the platform has none or doesn't tell. */
  readonly session: number;
  /** `zombie` has ended and only waits for its parent; `stopped` was stopped by a signal. */
  readonly state: 'running' | 'stopped' | 'zombie';
  readonly command: string;
  /** User and system time of the process itself, in milliseconds. */
  readonly cpuMs: number;
  /** Resident memory in bytes; shared pages count in each process that maps them. */
  readonly memory: number;
}

export function sameProcess(a: ProcessIdentity, b: ProcessIdentity): boolean {
  return a.pid === b.pid && a.start === b.start;
}
