import type { CliCommand } from '@backlot/cli/command';
import { consoleCommand } from './console/console-command.ts';
import { roomsGroup } from './rooms-group.ts';

/** The commands of rooms. */
export const roomsCommands: readonly CliCommand[] = [roomsGroup, consoleCommand];
