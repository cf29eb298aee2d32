import type { CliCommand } from '@backlot/cli/command';
import { transcodeCommand } from './transcode-command.ts';

/** What transcodes bring to the command line. */
export const transcodesCommands: readonly CliCommand[] = [transcodeCommand];
