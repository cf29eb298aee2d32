import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { copyRepository } from '../design/copy-repository.ts';
import { type ProcessLine, processesOf } from '../system/processes.ts';
import { endAll, makeDataDir } from '../system/studio.ts';
import { Hopeless, waitUntil } from '../system/wait-until.ts';

/** `npm start` as a person types it: through npm, by whatever Node is on the path, until Ctrl-C. */
let copy: string;
let dataDir: string;

beforeAll(async () => {
  copy = copyRepository({ built: true });
  dataDir = await makeDataDir();
});
afterEach(async () => {
  await endAll(dataDir);
});
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
  rmSync(dataDir, { recursive: true, force: true });
});

interface Start {
  readonly npm: ChildProcess;
  readonly output: () => string;
}

function npmStart(...args: string[]): Start {
  let output = '';
  // Without the tools of this repository on the path, as in a terminal: npm puts the copy's own there.
  const path = (process.env.PATH ?? '').split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const npm = spawn('npm', ['start', ...(args.length > 0 ? ['--', ...args] : [])], {
    cwd: copy,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: path.join(delimiter),
      HOME: process.env.HOME,
      LANG: 'C.UTF-8',
      BACKLOT_DATA_DIR: dataDir,
      BACKLOT_PORT: '0',
      // npm itself asks its registry now and then whether there is a newer one; that is no part of this.
      npm_config_update_notifier: 'false',
    },
  });
  for (const stream of [npm.stdout, npm.stderr]) {
    stream?.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
    });
  }
  return { npm, output: () => output };
}

/** Ready, and this machine is its node. */
async function ready({ npm, output }: Start): Promise<string> {
  await waitUntil(
    'everything runs',
    () => {
      if (npm.exitCode !== null) throw new Hopeless(`npm start ended with ${npm.exitCode}:\n${output()}`);
      return output().includes('This machine is the node');
    },
    { limitMs: 240_000 },
  );
  return /^Backlot is ready: (\S+)$/m.exec(output())?.[1] ?? '';
}

/** Everything that it has started has ended. What is left is named, with what was said last. */
async function gone({ output }: Start): Promise<void> {
  let left: readonly ProcessLine[] = [];
  const none = () => {
    left = processesOf(dataDir);
    return left.length === 0;
  };
  await waitUntil('no process is left', none, { limitMs: 120_000 }).catch((error: unknown) => {
    const lines = left.map(({ pid, parent, command }) => `${pid} (parent ${parent}) ${command}`);
    throw new Error([String(error), ...lines, 'It said:', output().slice(-2_000)].join('\n'));
  });
}

// The limit is for a machine that has to build the console first; each wait has its own below it.
describe('npm start', { timeout: 300_000 }, () => {
  it('runs everything, says where, and how to make the administrator', async () => {
    const start = npmStart();
    const url = await ready(start);
    expect(start.output()).toMatch(/^First start: .*\/setup#token=\S+ \(works once\)$/m);
    const page = await fetch(url, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<div id="root"');
    expect((await fetch(`${url}/readyz`)).status).toBe(200);

    // The person's Ctrl-C: the terminal signals everything in the foreground at once, and npm passes its own on.
    process.kill(-(start.npm.pid ?? 0), 'SIGINT');
    await gone(start);
    expect(start.output()).toContain('Stopping');
    expect(start.output()).not.toContain('Something went wrong');
  });

  it('has nothing to set up the second time', async () => {
    const start = npmStart();
    await ready(start);
    expect(start.output()).not.toMatch(/Dependencies|Web console|System packages/);
    process.kill(start.npm.pid ?? 0, 'SIGTERM');
    await gone(start);
  });

  it('ends everything when npm is killed and can tell nobody', async () => {
    const start = npmStart();
    await ready(start);
    process.kill(start.npm.pid ?? 0, 'SIGKILL');
    await gone(start);
  });

  it('refuses a second one on the same data, in a sentence', async () => {
    const first = npmStart();
    await ready(first);
    const second = npmStart();
    await waitUntil('the second has ended', () => second.npm.exitCode !== null);
    expect(second.npm.exitCode).not.toBe(0);
    expect(second.output()).toMatch(/Another Backlot \(process \d+\) already uses /);
    process.kill(first.npm.pid ?? 0, 'SIGTERM');
    await gone(first);
  });
});
