import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { say } from './phrases.mjs';
import { root } from './repository.mjs';
import { run } from './run.mjs';
import { Stop } from './steps.mjs';

/**
 * Installs the packages of the lockfile when what is installed is not what it says.
 * @param {(line: string) => void} report
 * @returns {Promise<true | undefined>} undefined when there was nothing to do.
 */
export async function installDependencies(report) {
  if (isInstalled(readLock('package-lock.json'), readLock('node_modules/.package-lock.json')))
    return undefined;
  const { code, tail } = await run(
    ...npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error']),
    {
      report,
      limitMs: 20 * 60_000,
      // A start in production must still get the tools that build the console.
      env: { NODE_ENV: undefined },
    },
  );
  if (code === 0) return true;
  throw new Stop(
    `${say(
      'npm ci could not install the dependencies. Put right what it says (most often: no network), then start again.',
      'npm ci 未能安装依赖。请按以下提示处理（多为网络问题），然后重新启动。',
    )}\n\n${tail}`,
  );
}

/**
 * Whether every package of the lockfile is there in its version. npm writes `node_modules/.package-lock.json`
 * as the last act of an installation, so one that was cut off, or made for another lockfile, never counts.
 * Packages for other platforms are optional and may be missing.
 *
 * @param {{ packages?: Record<string, LockEntry> } | undefined} wanted
 * @param {{ packages?: Record<string, LockEntry> } | undefined} installed
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, devOptional?: boolean, os?: string[], cpu?: string[] }} LockEntry
 */
export function isInstalled(wanted, installed) {
  if (!wanted?.packages || !installed?.packages) return false;
  for (const [path, entry] of Object.entries(wanted.packages)) {
    if (!path.includes('node_modules/')) continue;
    const present = installed.packages[path];
    if (present) {
      if (present.version !== entry.version || present.integrity !== entry.integrity) return false;
    } else if (!entry.optional && !entry.devOptional && !entry.link) return false;
    else if (entry.optional && fits(entry) && (entry.os || entry.cpu)) return false;
  }
  // A package that the lockfile no longer has must not be found by accident.
  return Object.keys(installed.packages).every((path) => path in (wanted.packages ?? {}));
}

/** Whether an optional package is meant for this machine: then its absence is a hole, not a choice. */
function fits(entry) {
  const names = (list, value) => !list || list.includes(value);
  return names(entry.os, process.platform) && names(entry.cpu, process.arch) && !entry.libc?.includes('musl');
}

function readLock(name) {
  const path = join(root, name);
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * npm as a program and its arguments: the very npm that started us, else the one beside our Node, else the one
 * on the path. Run by a Node outside of node_modules, which npm is about to replace.
 * @param {readonly string[]} args
 * @returns {[string, readonly string[]]}
 */
function npm(args) {
  const { npm_execpath: startedBy, npm_node_execpath: startedByNode } = process.env;
  if (startedBy && startedByNode && /npm-cli\.[cm]?js$/.test(startedBy))
    return [startedByNode, [startedBy, ...args]];
  const beside = join(dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js');
  if (existsSync(beside) && !process.execPath.startsWith(root)) return [process.execPath, [beside, ...args]];
  return process.platform === 'win32'
    ? [process.env.ComSpec ?? 'cmd.exe', ['/d', '/s', '/c', 'npm.cmd', ...args]]
    : ['npm', args];
}
