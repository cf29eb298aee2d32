import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** Names inside an allocation's folder. */
export const launchFile = 'launch.json';
export const runnerFile = 'runner.json';
export const exitFile = 'exit.json';
export const runnerLog = 'runner.log';
export const logsFolder = 'logs';

/** Bytes set aside for the exit file; it is a few hundred bytes long, and a message of 2,000 characters at most. */
const reservedBytes = 16 * 1024;

/** Reads a JSON file; nothing when it isn't there. A file that isn't JSON throws: ours appear whole or not at all. */
export function readJson(path: string): unknown {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return JSON.parse(text);
}

/**
 * Writes a JSON file so that it appears whole. It is not forced to the disk: what it tells of (processes) does not
 * outlive the machine either.
 */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o640 });
  renameSync(temporary, path);
}

/**
 * Writes a JSON file that must not be there yet. False when it is: of two that try at the same time, one wins. A hard
 * link is what makes this whole and exclusive at once; where the file system has none, the file is only whole.
 */
export function claimJson(path: string, value: unknown): boolean {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(value), { mode: 0o640 });
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if (existsSync(path)) return false;
    renameSync(temporary, path);
    return true;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Name of the file whose blocks are set aside for another one. */
const reservedOf = (path: string) => `${path}.reserved`;

/**
 * Sets blocks aside for a JSON file that is written once, at the end, and must not fail then: a disk that has become full
 * meanwhile still takes it.
 */
export function reserveJson(path: string): void {
  const file = openSync(reservedOf(path), 'w', 0o640);
  try {
    // JSON allows the white space that will fill the rest.
    writeSync(file, Buffer.alloc(reservedBytes, ' '));
    // Some file systems set blocks aside only when they write them out.
    fsyncSync(file);
  } catch {
    // The disk is full already. The end may find it otherwise.
  } finally {
    closeSync(file);
  }
}

/** Writes the file for which `reserveJson` has set blocks aside, brings it to the disk and gives it its name. */
export function writeReservedJson(path: string, value: unknown): void {
  const bytes = Buffer.from(JSON.stringify(value));
  const file = openSync(reservedOf(path), existsSync(reservedOf(path)) ? 'r+' : 'w', 0o640);
  try {
    writeSync(file, bytes, 0, bytes.length, 0);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(reservedOf(path), path);
  syncFolder(dirname(path));
}

/** Brings a folder's new names to the disk. Windows can't and needn't. */
function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Path of a file in an allocation's folder. */
export const inFolder = (folder: string, name: string) => join(folder, name);
