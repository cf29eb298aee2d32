import { readdirSync } from 'node:fs';
import { join } from 'node:path';

const skippedFolders = new Set(['node_modules', 'dist', '.git', '.cache', '.backlot', 'coverage']);

/**
 * Paths of all files below a folder, relative to it, with `/` on every system, sorted.
 * @param {string} root
 * @returns {string[]}
 */
export function listFiles(root, folder = '') {
  const found = [];
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) {
      if (!skippedFolders.has(entry.name)) found.push(...listFiles(root, path));
    } else if (entry.isFile()) found.push(path);
  }
  return found.sort();
}

/**
 * Prints what was found and ends the process accordingly.
 * @param {readonly { path: string, line?: number, message: string }[]} problems
 */
export function reportAndExit(problems) {
  for (const { path, line, message } of problems) {
    process.stdout.write(`${path}${line === undefined ? '' : `:${line}`}  ${message}\n`);
  }
  if (problems.length > 0) process.stdout.write(`\n${problems.length} to put right.\n`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
