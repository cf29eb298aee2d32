import type { CliCommand } from '../command.ts';
import type { Product } from '../product.ts';
import { artifactsCommands } from './artifacts.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { benchCommands } from './bench.ts';
import { controlCommand } from './control.ts';
import { doctorCommand } from './doctor.ts';
import { eventsCommand } from './events.ts';
import { flowsCommands } from './flows.ts';
import { initCommands } from './init.ts';
import { jobsCommands } from './jobs.ts';
import { loginCommand, logoutCommand, whoamiCommand } from './login.ts';
import { nodeCommand } from './node.ts';
import { nodesCommands } from './nodes.ts';
import { tasksCommands } from './tasks.ts';
import { tokensCommands } from './tokens.ts';
import { upCommand } from './up.ts';

/** The commands of the frame, in the order of `backlot --help`; those of the workloads come after them. */
export function ownCommands(product: Product): readonly CliCommand[] {
  return [
    upCommand(product),
    controlCommand(product),
    nodeCommand(product),
    initCommands,
    doctorCommand(product),
    loginCommand,
    logoutCommand,
    whoamiCommand,
    nodesCommands,
    jobsCommands,
    tasksCommands,
    flowsCommands,
    artifactsCommands,
    eventsCommand,
    tokensCommands,
    backupCommand,
    restoreCommand(product),
    benchCommands,
  ];
}
