import { existsSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/**
 * What a sandbox has to show, read-only, for a program of `programFile` to run in it: Node, and the folders of code that
 * the program imports from. From source these are the repository's packages, in a release the bundled programs. Nothing
 * that lies beside them (a data folder in a checkout) is among them.
 */
export function programCode(program: string): string[] {
  const at = program.lastIndexOf(`${sep}workloads${sep}`);
  const root = at < 0 ? dirname(program) : program.slice(0, at);
  const folders = ['workloads', 'packages', 'programs', 'node_modules'].map((name) => join(root, name));
  return [dirname(process.execPath), ...folders.filter((folder) => existsSync(folder))];
}
