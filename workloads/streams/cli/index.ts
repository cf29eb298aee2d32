import type { CliCommand } from '@backlot/cli/command';
import { appsGroup } from './apps-group.ts';
import { sessionsGroup } from './sessions-group.ts';

/** What streams bring to the command line. */
export const streamsCommands: readonly CliCommand[] = [appsGroup, sessionsGroup];
