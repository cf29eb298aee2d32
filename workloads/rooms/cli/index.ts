import type { CliCommand } from '@backlot/cli/command';

/** The commands of rooms. */
export const roomsCommands: readonly CliCommand[] = [];
