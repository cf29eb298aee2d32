import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { App, Session, TicketAnswer } from '../contract.ts';
import { type Studio, startStudio } from '../testing/studio.ts';

/** The commands of streams as a person and a script use them, against a real control plane. No node: nothing has to run. */
const entry = fileURLToPath(new URL('./backlot-streams.mjs', import.meta.url));
let studio: Studio;
let home: string;

beforeAll(async () => {
  studio = await startStudio();
  home = await mkdtemp(join(tmpdir(), 'backlot-streams-cli-'));
}, 180_000);
afterAll(async () => {
  await studio.close();
  await rm(home, { recursive: true, force: true });
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function backlot(...args: string[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
      cwd: home,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        XDG_CONFIG_HOME: home,
        LANG: 'C.UTF-8',
        BACKLOT_URL: studio.control.url,
        BACKLOT_TOKEN: studio.adminToken,
      },
    });
    const ended = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        ended[name] += piece;
      });
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...ended }));
  });
}
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await backlot('--json', ...args);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout) as T;
}

describe('backlot apps', { timeout: 120_000 }, () => {
  it('makes an app from a command, gives it a version and a canary, and says what there is', async () => {
    const made = await json<App>(
      'apps',
      'create',
      'showroom',
      '--name',
      'Show room',
      '--',
      '/opt/showroom',
      '-PixelStreamingURL={signallingUrl}',
    );
    expect(made).toMatchObject({ slug: 'showroom', name: 'Show room', access: 'ticket', activeVersion: 1 });
    expect((await backlot('apps', 'version', 'showroom', '--note', 'two', '--', '/opt/two')).stdout).toBe(
      '2\n',
    );
    expect((await backlot('apps', 'activate', 'showroom', '2', '--canary', '1:25')).stdout).toBe('2\n');
    const shown = await backlot('apps', 'show', 'showroom');
    expect(shown.stdout).toContain('/s/showroom');
    expect(shown.stdout).toMatch(/2\s+active .*two\s+\/opt\/two/);
    expect((await backlot('apps', 'list')).stdout).toMatch(/showroom\s+Show room\s+2 \+ 1 \(25 %\)/);
    expect((await backlot('apps', 'counts')).stdout).toMatch(/showroom\s+0\s+0\s+0/);
  });

  it('makes an app from a file of pixelman, and says what has become of each part', async () => {
    const config = {
      maxInstance: 2,
      renderServerPort: 8866,
      task: { cwd: '/ue', exec: 'sh ./Demo.sh -PixelStreamingURL="ws://127.0.0.1:8888/?taskId={taskId}"' },
    };
    await writeFile(join(home, 'render.json'), JSON.stringify(config));
    const dry = await backlot('apps', 'import', 'render.json', '--dry-run');
    expect(dry.stdout).toContain('"-PixelStreamingURL={signallingUrl}"');
    expect(dry.stderr).toContain('limit of 2 instances');
    const unnamed = await backlot('apps', 'import', 'render.json');
    expect(unnamed).toMatchObject({ code: 2, stderr: expect.stringContaining('--slug') });
    const made = await json<App>('apps', 'import', 'render.json', '--slug', 'meta-demo');
    expect(made).toMatchObject({ slug: 'meta-demo', activeVersion: 1 });
  });

  it('makes links, and removes what nobody uses once it is meant', async () => {
    await json('apps', 'create', 'old', '--', '/opt/old');
    const { url } = await json<TicketAnswer>('apps', 'link', 'old', '--subject', 'Ms Li');
    expect(url).toMatch(/\/s\/old#ticket=/);
    expect(await backlot('apps', 'remove', 'old')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--yes'),
    });
    expect((await backlot('apps', 'remove', 'old', '--yes')).code).toBe(0);
    const gone = await backlot('apps', 'show', 'old', '--language', 'zh-CN');
    expect(gone.code).not.toBe(0);
    expect(gone.stderr).toContain('没有找到应用');
  });

  it('refuses what makes no sense with a sentence', async () => {
    expect((await backlot('apps', 'create', 'empty')).stderr).toContain('Say what to start');
    expect((await backlot('apps', 'create', 'Not A Slug', '--', 'x')).stderr).toContain('lower-case');
    expect((await backlot('apps', 'activate', 'showroom', '1', '--canary', 'half')).stderr).toContain('3:10');
  });
});

describe('backlot sessions', { timeout: 120_000 }, () => {
  it('lists who waits, shows the history, and ends it', async () => {
    await json('apps', 'create', 'queue', '--public', '--', '/opt/queue');
    const play = await studio.play('queue');
    await play.hear('backlot.session');
    const [waiting] = await json<Session[]>('sessions', 'list', '--app', 'queue');
    expect(waiting).toMatchObject({ state: 'waiting', queue: { position: 1 } });
    const id = waiting?.id ?? '';
    expect((await backlot('sessions', 'list')).stdout).toContain(id);
    expect((await backlot('apps', 'instances', 'queue')).stdout).toMatch(/requested/);
    expect((await backlot('sessions', 'end', id)).stdout).toBe('The session is over.\n');
    expect(await play.hear('backlot.ended')).toMatchObject({ reason: 'kicked' });
    const shown = await backlot('sessions', 'show', id, '--language', 'zh-CN');
    expect(shown.stdout).toContain('会话已被管理人员结束');
    expect(shown.stdout).toMatch(/waiting[\s\S]*ended/);
    expect(await json<Session[]>('sessions', 'list')).toEqual([]);
  });
});
