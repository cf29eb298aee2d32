import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '@backlot/contract/clock';
import { type Limits, openLimits } from '../limits/limits.ts';
import { createRunCommand } from '../probes/run-command.ts';
import { nodeMarkOf } from '../processes/marks.ts';
import type { ProcessTable } from '../processes/process-table.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';
import { runnerProgram } from '../runner/runner-program.ts';
import { openSandbox, type Sandbox } from '../sandbox/sandbox.ts';
import type { RunCommand } from '../workload.ts';
import { findGuard } from './guard.ts';
import { ProcessDriver } from './process-driver.ts';

/** Everything of this machine by which a node runs processes, found out once when the agent starts. */
export interface Machine {
  readonly table: ProcessTable;
  readonly limits: Limits;
  readonly sandbox: Sandbox;
  /** Runs short commands, in the sandbox when asked to. */
  readonly run: RunCommand;
  readonly driver: ProcessDriver;
  /** Value of `BACKLOT_NODE` in the environment of everything that this node starts. */
  readonly owner: string;
  /** Tells this agent process from those before it; value of `BACKLOT_COMMAND` in its commands. */
  readonly instance: string;
  /** Gives back what only this process holds. Work goes on. */
  close(): void;
}

export interface OpenMachineOptions {
  /** The node's data directory; compiled runners and the probe's scratch folder go into `cache/` there. */
  readonly dataDir: string;
  readonly clock: Clock;
  /** Left out: whatever this machine allows. */
  readonly limits?: Limits;
  /** Runners kept waiting for work, so that it starts some 50 ms sooner; none unless told. */
  readonly spareRunners?: number;
}

/** Looks at what this machine can do (control groups, sandbox, guard) and opens the process driver over it. */
export async function openMachine(options: OpenMachineOptions): Promise<Machine> {
  const { dataDir, clock } = options;
  const table = systemProcessTable();
  const owner = nodeMarkOf(dataDir);
  const instance = randomUUID();
  const cache = join(dataDir, 'cache');
  mkdirSync(cache, { recursive: true, mode: 0o750 });
  const plain = createRunCommand({ table, clock, owner, instance });
  const limits = options.limits ?? openLimits({ owner });
  const [sandbox, guard] = await Promise.all([
    openSandbox({ run: plain, clock, scratch: cache }),
    findGuard(plain),
  ]);
  const run = createRunCommand({ table, clock, owner, instance, sandbox });
  const driver = new ProcessDriver({
    table,
    clock,
    limits,
    sandbox,
    guard,
    owner,
    runner: runnerProgram(cache),
    instance,
    environment: process.env,
    spareRunners: options.spareRunners ?? 0,
  });
  const close = () => {
    driver.close();
    limits.close();
  };
  return { table, limits, sandbox, run, driver, owner, instance, close };
}
