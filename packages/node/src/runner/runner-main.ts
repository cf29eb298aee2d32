import { closeSync, mkdirSync, writeSync } from 'node:fs';
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
  writeJson,
  writeReservedJson,
} from './files.ts';
import { checkLaunch } from './launch-check.ts';
import { Supervision } from './supervision.ts';

/**
 * The runner: one small process for each allocation. It outlives the agent that started it, and tells the next one how
 * things stand. Its only argument is the allocation's folder. It says `ready` on descriptor 3 when the child runs; what
 * goes wrong with the runner itself is on its stderr, which is `runner.log`.
 */

/** Where the agent that started this runner waits for its word. */
const readyDescriptor = 3;

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
  reserveJson(inFolder(folder, exitFile));
  const supervision = new Supervision({ folder, launch, table, clock: systemClock });
  const control = new ControlServer(launch.control, supervision);

  // Whoever ends the runner by a signal means the work.
  process.on('SIGTERM', () => supervision.stop());
  process.on('SIGINT', () => supervision.stop());
  process.on('SIGHUP', () => {});

  await control.listen();
  const result = await supervision.run((child) => {
    try {
      writeJson(inFolder(folder, runnerFile), { ...facts, child });
    } catch (error) {
      // The disk is full. The child runs, and is found by its mark if this runner should be killed.
      console.error(error);
    }
    sayReady();
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
    writeSync(readyDescriptor, 'ready\n');
    closeSync(readyDescriptor);
  } catch {
    // The agent has died meanwhile, or somebody runs the runner by hand.
  }
}

const folder = process.argv[2];
if (!folder) {
  console.error('Usage: runner-main FOLDER, the folder of an allocation with its launch.json.');
  process.exit(64);
}
main(folder).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(70);
  },
);
