import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { say } from './phrases.mjs';
import { root } from './repository.mjs';
import { run } from './run.mjs';
import { Stop } from './steps.mjs';

/** The oldest Node that runs the product: it strips types and can load modules by require. */
export const oldestNode = [22, 12];

/**
 * The Node that runs the product: the pinned one, which came with the dependencies, else our own if it is new
 * enough. The pinned one is tried, because a file that is there may still be for another C library.
 * @returns {Promise<string>} path of the program.
 */
export async function chooseNode() {
  const pinned = join(
    root,
    'node_modules',
    `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(pinned)) {
    const { code, tail } = await run(pinned, ['--version'], { limitMs: 10_000 });
    if (code === 0 && isNewEnough(tail)) return pinned;
  }
  if (isNewEnough(process.version)) return process.execPath;
  throw new Stop(
    say(
      `Backlot needs Node ${oldestNode.join('.')} or newer, and this is ${process.version}. The pinned Node did not come with the dependencies on this platform (${process.platform}-${process.arch}). Install Node 24 from your system or nodejs.org, then start again.`,
      `Backlot 需要 Node ${oldestNode.join('.')} 或更高版本，当前为 ${process.version}。此平台（${process.platform}-${process.arch}）没有随依赖安装的 Node。请安装 Node 24 后重新启动。`,
    ),
  );
}

/** @param {string} version as `v22.12.0` */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.replace(/^v/, '').split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = oldestNode;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
