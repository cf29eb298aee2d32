import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { programFile, TaskFailure } from '@backlot/node/workload';
import { type NodePhrase, sentence } from '../../contract/node-phrases.ts';
import { DEMO_PROGRAM, type LaunchTemplate } from '../../contract.ts';

/** The demo application's program. */
export const demoProgram = programFile(import.meta.url, '../demo/demo-main');

/**
 * The command of a launch as this machine has it: our demo in place of its name, a program below the working folder in
 * place of a relative one. A name without a folder that isn't there is left for PATH.
 *
 * @throws TaskFailure of the class `capability`: another machine may have it; this one is not asked again
 */
export async function findProgram(launch: LaunchTemplate): Promise<[string, ...string[]]> {
  const [program, ...rest] = launch.argv;
  if (launch.cwd !== undefined && !(await isFolder(launch.cwd)))
    throw lacking('streams.folder_missing', { folder: launch.cwd });
  if (program === DEMO_PROGRAM) return [process.execPath, '--no-warnings', demoProgram, ...rest];
  if (isAbsolute(program)) {
    if (!(await isProgram(program))) throw lacking('streams.program_missing', { program });
    return [program, ...rest];
  }
  const below = launch.cwd === undefined ? undefined : join(launch.cwd, program);
  if (below !== undefined && (await isProgram(below))) return [below, ...rest];
  if (/[\\/]/.test(program)) throw lacking('streams.program_missing', { program });
  return [program, ...rest];
}

/** A failure by which a task goes to another machine at no cost to its attempts. */
export function lacking(code: NodePhrase, params: Readonly<Record<string, string | number>>): TaskFailure {
  const cause = Object.values(params).join(' ');
  return new TaskFailure({
    class: 'capability',
    reason: sentence(code, params),
    signature: `capability:${code}:${cause}`.slice(0, 300),
  });
}

const isFolder = (path: string) =>
  stat(path).then(
    (facts) => facts.isDirectory(),
    () => false,
  );

/** A file that may be executed; Windows decides that by the name, so there any file will do. */
const isProgram = (path: string) =>
  Promise.all([
    stat(path),
    access(path, process.platform === 'win32' ? constants.F_OK : constants.X_OK),
  ]).then(
    ([facts]) => facts.isFile(),
    () => false,
  );
