import type { ExitFile } from '@backlot/contract/runner/files';

/** The exit file of a process that has ended by itself, with code 0. */
export const plainExit = (allocation: string): ExitFile & { readonly cause: 'exited' } => ({
  v: 1,
  allocation,
  cause: 'exited',
  code: 0,
  signal: null,
  usage: { wallMs: 1 },
  frozenMs: 0,
  oomKills: 0,
  output: { stdout: 0, stderr: 0, dropped: 0 },
  leftBehind: 0,
  startedAt: '2026-01-01T00:00:00Z',
  endedAt: '2026-01-01T00:00:01Z',
});
