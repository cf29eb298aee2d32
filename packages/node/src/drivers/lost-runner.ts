import type { Clock } from '@backlot/contract/clock';
import type { ExitFile, LaunchFile, RunnerFile } from '@backlot/contract/runner/files';
import { killGroup, membersOf, setFrozen, usageOf } from '../limits/control-group.ts';
import { logEnd } from '../logs/log-reader.ts';
import { endTree } from '../processes/end-tree.ts';
import type { ProcessTable } from '../processes/process-table.ts';
import { exitFile, inFolder, logsFolder, writeReservedJson } from '../runner/files.ts';

/**
 * Ends an allocation whose runner has died without saying how it went: kills what is left of its tree, by everything it
 * is known by, and writes the exit file in the runner's place. Done again after a crash in the middle, it does the rest.
 */
export async function settleLost(
  { table, clock }: { readonly table: ProcessTable; readonly clock: Clock },
  folder: string,
  runner: RunnerFile,
  launch: LaunchFile | undefined,
): Promise<ExitFile> {
  const group = launch?.group ?? { name: runner.allocation };
  const usage = usageOf(group);
  // On version 1 a frozen process can't die.
  if (group.freezer?.version === 1) setFrozen(group, false);
  const report = await endTree(
    table,
    clock,
    {
      roots: runner.child ? [runner.child] : [],
      mark: runner.allocation,
      members: () => membersOf(group),
    },
    { graceMs: 0, killAll: () => killGroup(group) },
  );
  const logs = inFolder(folder, logsFolder);
  const exit: ExitFile = {
    v: 1,
    allocation: runner.allocation,
    cause: 'runner-lost',
    code: null,
    signal: null,
    message: 'The runner of this allocation was killed; its processes were ended with it.',
    usage: {
      wallMs: Math.max(0, clock.now() - Date.parse(runner.startedAt)),
      ...(usage.cpuMs === undefined ? {} : { cpuMs: usage.cpuMs }),
      ...(usage.peak === undefined ? {} : { peakMemory: usage.peak }),
    },
    frozenMs: 0,
    oomKills: usage.oomKills ?? 0,
    output: { stdout: await logEnd(logs, 'stdout'), stderr: await logEnd(logs, 'stderr'), dropped: 0 },
    leftBehind: report.found,
    startedAt: runner.startedAt,
    endedAt: new Date(clock.now()).toISOString(),
  };
  // In the blocks that the runner had set aside: a full disk may be what it died of.
  writeReservedJson(inFolder(folder, exitFile), exit);
  return exit;
}
