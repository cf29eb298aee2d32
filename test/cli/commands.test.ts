import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ApiToken, ApiTokenCreated, type Artifact, Me, type NodeView } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { all, artifactsOf, submit, tasksOf } from '../system/jobs.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/** `backlot` as a person and a script use it, against the product as it runs. */
const entry = join(import.meta.dirname, '../system/backlot-tiny.mjs');
let studio: Studio;
let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'backlot-cli-'));
  studio = await startStudio({ flavour: 'tiny' });
  await waitUntil('the node has proved that it can count', async () => {
    const nodes = await all<NodeView>(studio, '/api/v1/nodes');
    return nodes.some((node) => node.state === 'ready' && node.capabilities.some((c) => c.name === 'tiny'));
  });
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  await rm(home, { recursive: true, force: true });
  expect(leftovers).toEqual([]);
});

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  /** Sent once the output has come so far. */
  readonly interruptAfter?: string;
}

function backlot(
  args: readonly string[],
  { env = {}, stdin, interruptAfter }: RunOptions = {},
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [entry, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: 120_000,
      env: {
        PATH: process.env.PATH,
        HOME: home,
        XDG_CONFIG_HOME: home,
        LANG: 'C.UTF-8',
        BACKLOT_URL: studio.url,
        BACKLOT_TOKEN: studio.token,
        ...env,
      },
    });
    const ended = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (piece: string) => {
        ended[name] += piece;
        if (interruptAfter !== undefined && ended[name].includes(interruptAfter)) child.kill('SIGINT');
      });
    }
    child.stdin.end(stdin ?? '');
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...ended }));
  });
}

async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await backlot([...args, '--json']);
  expect(`${code} ${stderr}`).toBe('0 ');
  return JSON.parse(stdout) as T;
}

/** Somebody with an account of their own, and the token that they made for `backlot` on the page Access. */
async function personWithToken(name: string, scopes: readonly string[]): Promise<string> {
  const email = `${name}@studio.example`;
  const password = 'a long pass phrase';
  const grants = [{ projectId: null, role: 'submitter' }];
  await studio.api('POST', '/api/v1/accounts', { email, name, password, grants });
  const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
    fetch(new URL(path, studio.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: studio.url, ...headers },
      body: JSON.stringify(body),
    });
  const signedIn = await post('/api/v1/login', { email, password });
  const me = Me.parse(await signedIn.json());
  const made = await post(
    '/api/v1/tokens',
    { name: 'terminal', scopes, expiresInDays: 30 },
    {
      cookie: signedIn.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '',
      'x-csrf-token': me.csrfToken ?? '',
    },
  );
  expect(made.status).toBe(201);
  return ApiTokenCreated.parse(await made.json()).secret;
}

describe('backlot', { timeout: 240_000 }, () => {
  it('says who one is', async () => {
    expect(await json('whoami')).toMatchObject({ url: studio.url, scopes: ['*'] });
  });

  it('applies a flow from a file, runs it, shows its runs, does one again, and writes it out', async () => {
    const file = join(home, 'count.yaml');
    const text = [
      '# two numbers',
      'version: 1',
      'name: counting',
      'trigger: { kind: flow.manual }',
      'steps:',
      '  - { id: one, kind: tiny.count-one, with: { index: 3 } }',
      '  - { id: two, kind: tiny.count-one, with: { index: 4 }, in: { before: one.number } }',
      '',
    ].join('\n');
    await writeFile(file, text.replace('one.number', 'one.sound'));
    const wrong = await backlot(['flows', 'apply', file]);
    expect(wrong.code).not.toBe(0);
    expect(wrong.stderr).toContain(`${file}:7:`);
    await writeFile(file, text);
    expect((await backlot(['flows', 'apply', file, '--check'])).stdout).toContain('sound');
    expect(await json('flows', 'apply', file)).toMatchObject({ name: 'counting', version: 1 });
    expect(await json('flows', 'apply', file)).toMatchObject({ version: 1 });
    expect((await backlot(['flows', 'export', 'counting'])).stdout).toBe(text);
    const run = await json<{ id: string }>('flows', 'run', 'counting', '--wait');
    expect(run).toMatchObject({ state: 'succeeded', counts: { succeeded: 2 } });
    const shown = (await backlot(['flows', 'runs', run.id])).stdout;
    expect(shown).toMatch(/two\s+succeeded/);
    const again = await json('flows', 'retry', run.id, '--from', 'two', '--wait');
    expect(again).toMatchObject({
      state: 'succeeded',
      retryOf: run.id,
      steps: [{ reusedFrom: run.id }, { reusedFrom: null }],
    });
    expect(await json<unknown[]>('flows', 'runs', '--flow', 'counting')).toHaveLength(2);
    expect((await backlot(['flows', 'show', 'counting'])).stdout).toContain('tiny.count-one');
    expect(await json<unknown[]>('flows', 'list')).toHaveLength(1);
    expect(await json('flows', 'disable', 'counting')).toMatchObject({ enabled: false });
    expect((await backlot(['flows', 'remove', 'counting'])).code).toBe(2);
    expect((await backlot(['flows', 'remove', 'counting', '--yes'])).code).toBe(0);
  });

  it('lists machines, takes them out and in, and labels them', async () => {
    const [node] = await json<NodeView[]>('nodes', 'list');
    const name = node?.name ?? '';
    expect(await json('nodes', 'cordon', name)).toMatchObject({ schedulable: 'cordoned' });
    expect(await json('nodes', 'uncordon', node?.id.slice(-8) ?? '')).toMatchObject({ schedulable: 'yes' });
    expect(await json('nodes', 'label', name, 'room=basement')).toMatchObject({
      labels: { room: 'basement' },
    });
    const shown = await backlot(['nodes', 'show', name, '--language', 'zh-CN']);
    expect(shown.stdout).toMatch(/接受工作/);
    expect(shown.stdout).toMatch(/room=basement/);
    expect(await json('nodes', 'join-token')).toMatchObject({
      commands: { linux: expect.stringContaining('--join') },
    });
  });

  it('does nothing that can not be undone without being told, where nobody can be asked', async () => {
    const [node] = await json<NodeView[]>('nodes', 'list');
    const { code, stderr } = await backlot(['nodes', 'remove', node?.name ?? '']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/--yes/);
    expect(await json<NodeView[]>('nodes', 'list')).toHaveLength(1);
  });

  it('follows a job to its end and exits by how it went', async () => {
    const good = await submit(studio, 'tiny.count', { parts: 2, steps: 3 }, 'a good one');
    const followed = await backlot(['jobs', 'wait', good.id]);
    expect(followed.code).toBe(0);
    expect(followed.stdout).toMatch(/a good one.*\nsucceeded {2}100 %/);
    expect(await json('jobs', 'show', good.id.slice(-8))).toMatchObject({ state: 'succeeded' });

    const bad = await submit(
      studio,
      'tiny.count',
      { parts: 1, mode: 'crash', faultyAttempts: 99 },
      'a bad one',
    );
    const failed = await backlot(['jobs', 'wait', bad.id]);
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^Failed: .+/m);

    const [task] = await tasksOf(studio, bad.id);
    const detail = await backlot(['tasks', 'show', task?.id ?? '']);
    expect(detail.stdout).toMatch(/^FENCE +NODE/m);
  });

  it('prints the log of a task', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, steps: 3 });
    await backlot(['jobs', 'wait', job.id]);
    const part = (await tasksOf(studio, job.id)).find((task) => task.kind === 'tiny.part');
    const once = await backlot(['tasks', 'logs', part?.id ?? '']);
    const followed = await backlot(['tasks', 'logs', part?.id ?? '', '--follow']);
    expect(once.code).toBe(0);
    expect(once.stdout.length).toBeGreaterThan(0);
    expect(followed.stdout).toBe(once.stdout);
  });

  it('lists what a job and a task have made, of one kind, and where it lies', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 2, steps: 3 });
    await backlot(['jobs', 'wait', job.id]);
    const known = await artifactsOf(studio, job.id);
    const listed = (...args: string[]) => json<Artifact[]>('artifacts', 'list', ...args);
    const ids = (artifacts: readonly Artifact[]) => artifacts.map(({ id }) => id).sort();
    expect(known.length).toBeGreaterThan(2);
    expect(ids(await listed('--job', job.id.slice(-8)))).toEqual(ids(known));
    expect(await listed('--job', job.id, '-n', '1')).toHaveLength(1);
    const [one] = known;
    if (!one?.taskId) throw new Error('An artifact of a job says of which task it is.');
    const ofTask = known.filter(({ taskId }) => taskId === one.taskId);
    expect(ids(await listed('--task', one.taskId))).toEqual(ids(ofTask));
    const ofKind = known.filter(({ kind }) => kind === one.kind);
    expect(ids(await listed('--job', job.id, '--kind', one.kind, '--project', one.projectId))).toEqual(
      ids(ofKind),
    );
    const table = (await backlot(['artifacts', 'list', '--task', one.taskId, '--language', 'zh-CN'])).stdout;
    expect(table).toMatch(/^编号 +类型 +大小 +位置 +时长 +名称$/m);
    expect(table).toMatch(new RegExp(`^${one.id} +${one.kind} +\\S+ B +文件存储 .* ${one.name}$`, 'm'));
    const none = await backlot(['artifacts', 'list', '--job', job.id, '--kind', 'no-such-kind']);
    expect([none.code, none.stdout]).toEqual([0, expect.stringContaining('No artifacts that fit.')]);
    const wrong = await backlot(['artifacts', 'list', '--task', 'nonsense']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('--task')]);
  });

  it('steers a job: pause, resume, priority, cancel', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 3, steps: 400, stepMs: 50 }, 'a long one');
    expect(await json('jobs', 'pause', job.id)).toMatchObject({ intent: 'pause' });
    expect(await json('jobs', 'resume', job.id)).toMatchObject({ intent: 'run' });
    expect(await json('jobs', 'priority', job.id, '-5')).toMatchObject({ priority: -5 });
    expect(await json('jobs', 'cancel', job.id)).toMatchObject({ intent: 'cancel' });
    expect((await backlot(['jobs', 'wait', job.id])).code).toBe(1);
    expect(await json<unknown[]>('jobs', 'list', '--state', 'canceled')).toHaveLength(1);
  });

  it('streams events until Ctrl-C, and ends as shells expect it', async () => {
    const { code, stdout } = await backlot(['events', '--follow', '--json', '-n', '3'], {
      interruptAfter: '\n',
    });
    expect(code).toBe(130);
    for (const line of stdout.trim().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ seq: expect.any(Number) });
  });

  it('makes, lists and revokes the API tokens of whoever is signed in', async () => {
    const env = { BACKLOT_TOKEN: await personWithToken('ines', ['*']) };
    const list = async () => {
      const { code, stdout } = await backlot(['tokens', 'list', '--json'], { env });
      expect(code).toBe(0);
      return (JSON.parse(stdout) as ApiToken[]).map(({ name, scopes }) => ({ name, scopes }));
    };
    expect(await list()).toEqual([{ name: 'terminal', scopes: ['*'] }]);

    const made = await backlot(
      ['tokens', 'create', 'nightly', '--scope', 'jobs.read', 'projects.read', '--days', '7'],
      { env },
    );
    expect(made.code).toBe(0);
    // The secret alone is the result, so that `TOKEN=$(backlot tokens create …)` works.
    expect(made.stdout).toMatch(/^blt_\S+\n$/);
    expect(made.stderr).toMatch(/shown only now/);
    const nightly = { BACKLOT_TOKEN: made.stdout.trim() };
    expect((await backlot(['jobs', 'list'], { env: nightly })).code).toBe(0);
    const denied = await backlot(['jobs', 'cancel', 'anything'], { env: nightly });
    expect([denied.code, denied.stderr]).toEqual([4, expect.stringContaining('There is no job anything')]);
    expect((await backlot(['nodes', 'join-token'], { env: nightly })).code).toBe(3);

    const endless = await backlot(['tokens', 'create', 'endless', '--days', '0', '--json'], { env });
    expect(JSON.parse(endless.stdout)).toMatchObject({
      token: { name: 'endless', scopes: ['*'], expiresAt: null },
      secret: expect.stringMatching(/^blt_/),
    });
    const table = await backlot(['tokens', 'list'], { env });
    expect(table.stdout).toMatch(/endless +\* .*never/);

    expect((await backlot(['tokens', 'revoke', 'nightly'], { env })).code).toBe(2);
    const gone = await backlot(['tokens', 'revoke', 'nightly', '--yes', '--language', 'zh-CN'], { env });
    expect([gone.code, gone.stdout]).toEqual([0, 'nightly 已吊销。\n']);
    expect((await backlot(['jobs', 'list'], { env: nightly })).code).toBe(3);
    expect((await list()).map(({ name }) => name)).toEqual(['endless', 'terminal']);
    const again = await backlot(['tokens', 'revoke', 'nightly', '--yes', '--language', 'zh-CN'], { env });
    expect([again.code, again.stderr]).toEqual([4, expect.stringContaining('没有找到令牌 nightly')]);

    const unknown = await backlot(['tokens', 'create', 'x', '--scope', 'jobs.fly'], { env });
    expect([unknown.code, unknown.stderr]).toEqual([2, expect.stringContaining('jobs.fly')]);
  });

  it('makes no token that may do more than the one that it is made with', async () => {
    const env = { BACKLOT_TOKEN: await personWithToken('omar', ['jobs.read']) };
    const made = await backlot(['tokens', 'create', 'more', '--scope', '*'], { env });
    expect([made.code, made.stdout]).toEqual([3, '']);
    // The administrator's token of an installation belongs to no account, so that there is nobody to list for.
    const nobody = await backlot(['tokens', 'create', 'mine']);
    expect([nobody.code, nobody.stdout]).toEqual([5, '']);
    expect(nobody.stderr).toContain('Sign in with an account.');
  });

  it('says a workload’s reasons in the language of the terminal', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'nonsense' }, 'nonsense');
    const ended = await backlot(['jobs', 'wait', job.id, '--language', 'zh-CN']);
    expect(ended.code).toBe(1);
    expect(ended.stdout).toMatch(/^失败原因: 输入无意义。请更正后重新提交。$/m);
    const [task] = (await tasksOf(studio, job.id)).filter((one) => one.state === 'failed');
    const shown = await backlot(['tasks', 'show', task?.id ?? '', '--language', 'zh-CN']);
    expect(shown.stdout).toMatch(/输入无意义。请更正后重新提交。/);
  });

  it('says why runs of flows wait and fail in the language of the terminal', async () => {
    // Empty is as good as not set, as everywhere.
    const env = { BACKLOT_LANGUAGE: '', LC_ALL: '', LANG: 'zh_CN.UTF-8' };
    const file = join(home, 'later.yaml');
    const text = [
      'version: 1',
      'name: later',
      'trigger: { kind: flow.manual }',
      'steps:',
      "  - { id: pause, kind: flow.wait, with: { until: '{{trigger.when}}' } }",
      '  - { id: one, kind: tiny.count-one, with: { index: 3 }, after: [pause] }',
      '',
    ].join('\n');
    await writeFile(file, text);
    await json('flows', 'apply', file);
    const run = (when: string, ...more: string[]) =>
      backlot(['flows', 'run', 'later', '--data', JSON.stringify({ when }), ...more], { env });
    const why = '步骤“pause”的参数无法使用：';
    const failed = await run('soon', '--wait');
    expect(failed.code).toBe(1);
    expect(failed.stdout).toContain(`失败原因: ${why}`);
    // Whoever only watches its progress reads it, too.
    expect(failed.stderr).toContain(why);
    const list = (...more: string[]) =>
      backlot(['flows', 'runs', ...more], { env }).then(({ stdout }) => stdout);
    expect(await list('--flow', 'later')).toMatch(new RegExp(`failed .* later +${why}`, 'm'));
    expect((await backlot(['flows', 'show', 'later'], { env })).stdout).toContain(why);

    const when = new Date(Date.now() + 3_600_000).toISOString();
    expect((await run(when)).code).toBe(0);
    await expect
      .poll(() => list('--state', 'waiting'), { timeout: 90_000 })
      .toMatch(new RegExp(`later +等待至 ${when}$`, 'm'));
    const [waiting] = await json<{ id: string }[]>('flows', 'runs', '--state', 'waiting');
    const id = waiting?.id ?? '';
    expect(await list(id)).toMatch(new RegExp(`pause +waiting .*等待至 ${when}$`, 'm'));
    expect(await json('flows', 'cancel', id)).toMatchObject({ id });

    // What a task waits for is said beside its step.
    const [node] = await json<NodeView[]>('nodes', 'list');
    await json('nodes', 'cordon', node?.name ?? '');
    try {
      const queued = JSON.parse((await run(new Date(0).toISOString(), '--json')).stdout) as { id: string };
      await expect
        .poll(() => list(queued.id), { timeout: 90_000 })
        .toMatch(new RegExp(`one +running .*${node?.name} .*\\p{Script=Han}`, 'mu'));
      await json('flows', 'cancel', queued.id);
    } finally {
      await json('nodes', 'uncordon', node?.name ?? '');
    }
    expect((await backlot(['flows', 'remove', 'later', '--yes'])).code).toBe(0);
  });

  it('keeps a token after trying it, and forgets it again', async () => {
    const env = { BACKLOT_TOKEN: '' };
    const wrong = await backlot(['login'], { env, stdin: 'blt_not-a-token-at-all\n' });
    expect(wrong.code).toBe(3);
    expect((await backlot(['whoami'], { env })).code).toBe(3);
    expect((await backlot(['login'], { env, stdin: `${studio.token}\n` })).code).toBe(0);
    expect((await backlot(['whoami'], { env: { ...env, BACKLOT_URL: '' } })).code).toBe(0);
    expect((await backlot(['logout'], { env })).code).toBe(0);
    expect((await backlot(['whoami'], { env })).code).toBe(3);
  });

  it.each([
    ['not found', ['jobs', 'show', 'ffffffff'], 4, /There is no job ffffffff/],
    ['usage', ['jobs', 'priority', 'x', 'high'], 2, /<priority>/],
    ['an unknown command', ['jbos', 'list'], 2, /There is no command jbos.*Did you mean jobs/],
    ['unreachable', ['jobs', 'list', '--url', 'http://127.0.0.1:2'], 6, /can't be reached/],
  ] as const)('exits with a promised code: %s', async (_what, args, code, sentence) => {
    const ended = await backlot(args);
    expect(ended.stderr).toMatch(sentence);
    expect(ended.code).toBe(code);
    expect(ended.stdout).toBe('');
    const asJson = await backlot([...args, '--json']);
    expect(JSON.parse(asJson.stderr)).toMatchObject({ error: { code: expect.any(String) } });
  });

  it('backs up while everything runs, and restores into an empty installation', async () => {
    const file = join(home, 'all.backlot');
    const made = await backlot(['backup', file, '--data-dir', studio.dataDir]);
    expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/\d+ rows and \d+ files/) });
    expect((await backlot(['backup', file, '--data-dir', studio.dataDir])).code).toBe(2);
    const refused = await backlot(['restore', file, '--data-dir', studio.dataDir]);
    expect(refused.code).toBe(5);
    expect(refused.stderr).toMatch(/empty database/);
  });
});
