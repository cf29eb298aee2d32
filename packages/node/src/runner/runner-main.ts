import { appendFileSync, closeSync, mkdirSync, readSync, writeSync } from 'node:fs';
import { systemClock } from '@backlot/contract/clock';
import type { LaunchFile, RunnerFile } from '@backlot/contract/runner/files';
import { identify } from '../processes/process-table.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';
import { ControlServer } from './control-server.ts';
import {
  claimJson,
  exitFile,
  inFolder,
  launchFile,
  logsFolder,
  readJson,
  reserveJson,
  runnerFile,
  runnerLog,
  writeJson,
  writeReservedJson,
} from './files.ts';
import { checkLaunch } from './launch-check.ts';
import { Supervision } from './supervision.ts';

/**
 * The runner: one small process for each allocation. It outlives the agent that started it, and tells the next one how
 * things stand.
 *
 * Descriptor 3 leads to the agent: from there comes the allocation's folder, on a line, and `ready` goes back when the
 * child runs. An agent may start a runner before it has anything to run; one whose agent ends before that ends too. By
 * hand the folder can be given as an argument. What goes wrong with the runner itself is in the folder's `runner.log`.
 */

const agentDescriptor = 3;
/** A path has at most 4096 bytes on Linux and 32 kB on Windows. */
const longestPath = 64 * 1024;

async function main(folder: string): Promise<void> {
  const launch: LaunchFile = checkLaunch(readJson(inFolder(folder, launchFile)));
  const table = systemProcessTable();
  const self = await identify(table, process.pid);
  if (!self) throw new Error('The runner can’t find itself in the process table.');
  mkdirSync(inFolder(folder, logsFolder), { recursive: true });
  const facts: RunnerFile = {
    v: 1,
    allocation: launch.allocation,
    runner: self,
    child: null,
    control: launch.control,
    startedAt: new Date().toISOString(),
  };
  // An agent that was killed may have started a runner that its successor could not see yet.
  if (!claimJson(inFolder(folder, runnerFile), facts)) throw new Error('This folder has a runner already.');
  const supervision = new Supervision({ folder, launch, table, clock: systemClock });
  const control = new ControlServer(launch.control, supervision);

  // Whoever ends the runner by a signal means the work.
  process.on('SIGTERM', () => supervision.stop());
  process.on('SIGINT', () => supervision.stop());
  process.on('SIGHUP', () => {});

  await control.listen();
  const result = await supervision.run((child) => {
    sayReady();
    try {
      writeJson(inFolder(folder, runnerFile), { ...facts, child });
      reserveJson(inFolder(folder, exitFile));
    } catch (error) {
      // The disk is full. The child runs, and is found by its mark if this runner should be killed.
      note(folder, error);
    }
  });
  writeReservedJson(inFolder(folder, exitFile), result);
  sayReady();
  await control.close(result);
}

let said = false;

/** Tells the agent, if it is still there, and closes the pipe that leads to it. */
function sayReady(): void {
  if (said) return;
  said = true;
  try {
    writeSync(agentDescriptor, 'ready\n');
    closeSync(agentDescriptor);
  } catch {
    // The agent has died meanwhile, or somebody runs the runner by hand.
  }
}

/** Waits for the folder; nothing when the agent has ended without one. Nothing else is to be done meanwhile. */
function readFolder(): string | undefined {
  const bytes = Buffer.alloc(longestPath);
  for (let length = 0; length < bytes.length; ) {
    const read = readSync(agentDescriptor, bytes, length, bytes.length - length, null);
    if (read === 0) return undefined;
    length += read;
    const end = bytes.subarray(0, length).indexOf(10);
    if (end >= 0) return bytes.toString('utf8', 0, end);
  }
  return undefined;
}

/** A runner has nobody to talk to but the file that people look into. */
function note(folder: string, error: unknown): void {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  try {
    appendFileSync(inFolder(folder, runnerLog), `${new Date().toISOString()} ${text}\n`);
  } catch {
    // The disk is full, or the folder is gone.
  }
}

const folder = process.argv[2] ?? readFolder();
if (folder === undefined) process.exit(0);
process.on('uncaughtException', (error) => {
  note(folder, error);
  process.exit(70);
});
main(folder).then(
  () => process.exit(0),
  (error: unknown) => {
    note(folder, error);
    process.exit(70);
  },
);
