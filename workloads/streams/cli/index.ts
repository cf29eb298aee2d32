import type { CliCommand } from '@backlot/cli/command';

/** What streams add to `backlot`. */
export const streamsCommands: readonly CliCommand[] = [];
