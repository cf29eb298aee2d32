import type { LaunchFile } from '@backlot/contract/runner/files';
import { joinFiles } from '../limits/control-group.ts';

/** Written by the launcher when the program could not be started, with the shell's exit code in it. */
export const launchFailedFile = 'launch-failed';

/**
 * What runs between fork and exec, where Node has no place for code of ours: a constant script that joins the control
 * groups, makes the kernel's out-of-memory killer prefer the child to agent and runner, forbids core files, and becomes
 * the program. Everything that varies is an argument; nothing is ever part of the script.
 *
 * `$1` is the file to write when the program can't be started, then come the groups' files, `--`, and the command.
 */
const script = [
  'backlot_failed="$1"; shift',
  'trap \'echo "$?" > "$backlot_failed"\' EXIT',
  'while [ "$1" != "--" ]; do echo 0 > "$1" || exit 125; shift; done; shift',
  '{ echo 500 > /proc/self/oom_score_adj; } 2>/dev/null',
  'ulimit -c 0',
  // bash would leave without running the trap; to other shells this is an unknown command.
  'shopt -s execfail 2>/dev/null',
  'exec "$@"',
].join('\n');

/** The command that the runner really starts. Windows has no launcher: there the command is started as it is. */
export function launchCommand(
  launch: Pick<LaunchFile, 'argv' | 'group' | 'guard'>,
  failedFile: string,
  platform: NodeJS.Platform,
): [string, ...string[]] {
  const [program = '', ...rest] = launch.argv;
  if (platform === 'win32') return [program, ...rest];
  // What the guard asks of the kernel survives every exec, so it stands first and the launcher's word is the last.
  const [first = '', ...more] = [...launch.guard, '/bin/sh', '-c', script, 'backlot-launcher', failedFile];
  return [first, ...more, ...joinFiles(launch.group), '--', program, ...rest];
}
