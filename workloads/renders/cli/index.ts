import type { CliCommand } from '@backlot/cli/command';
import { renderCommand } from './render-command.ts';
import { rendersGroup } from './renders-group.ts';

/** What renders bring to the command line. */
export const rendersCommands: readonly CliCommand[] = [renderCommand, rendersGroup];
