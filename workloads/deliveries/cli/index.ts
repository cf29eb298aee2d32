import type { CliCommand } from '@backlot/cli/command';
import { deliveriesGroup } from './deliveries-commands.ts';
import { targetsGroup } from './targets-commands.ts';

/** What deliveries bring to the command line. */
export const deliveriesCommands: readonly CliCommand[] = [targetsGroup, deliveriesGroup];
