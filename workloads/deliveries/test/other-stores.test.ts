import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { link, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cleanPath } from '../contract.ts';
import { problemOfConfig } from '../node/store/rclone/check-config.ts';
import { makeNoise, openWorkFolder, type WorkFolder } from '../testing/work-process.ts';

const hasRclone = spawnSync('rclone', ['version']).status === 0;
const MiB = 1024 ** 2;

let folder: WorkFolder;
beforeEach(async () => {
  folder = await openWorkFolder();
});
afterEach(() => folder.close());

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Upload, the same again, other content, verify, a damaged copy: the same story for every store. */
async function story(
  target: Parameters<WorkFolder['request']>[0],
  placeOf: (path: string) => string,
  more = {},
): Promise<void> {
  const source = await makeNoise(join(folder.root, 'film'), 3 * MiB + 5);
  const work = { do: 'upload' as const, path: 'a b/电影 #1.mp4', onOther: 'rename' as const, source };
  const request = folder.request(target, work, more);
  const first = await folder.run(request);
  expect(first.result).toMatchObject({
    outcome: 'uploaded',
    result: { copy: { path: 'a b/电影 #1.mp4', how: 'sent' } },
  });
  expect(await readFile(placeOf('a b/电影 #1.mp4'))).toEqual(await readFile(source.path));
  expect((await folder.run(request)).result).toMatchObject({
    outcome: 'uploaded',
    result: { copy: { how: 'found' } },
  });
  const other = await makeNoise(join(folder.root, 'other'), 3 * MiB + 5);
  const renamed = await folder.run({ ...request, work: { ...work, source: other } });
  expect(renamed.result).toMatchObject({
    outcome: 'uploaded',
    result: { copy: { path: 'a b/电影 #1 (2).mp4' } },
  });
  expect(
    (
      await folder.run({
        ...request,
        work: { ...work, source: await makeNoise(join(folder.root, 'third'), 9), onOther: 'fail' },
      })
    ).result,
  ).toMatchObject({
    outcome: 'failed',
    why: 'name-taken',
  });
  const { size, sha256 } = source;
  const verify = {
    ...request,
    work: { do: 'verify' as const, path: work.path, size, sha256, method: 'read-back' as const },
  };
  expect((await folder.run(verify)).result).toMatchObject({ outcome: 'verified' });
  expect((await folder.run({ ...request, work: { do: 'test' } })).result).toMatchObject({
    outcome: 'tested',
  });
  const bytes = await readFile(placeOf(work.path));
  bytes.writeUInt8(bytes.readUInt8(99) ^ 1, 99);
  await writeFile(placeOf(work.path), bytes);
  expect((await folder.run(verify)).result).toMatchObject({ outcome: 'failed', why: 'copy-differs' });
  // Nothing of ours is left lying about.
  const left = (await readdir(placeOf('.'), { recursive: true })).filter((name) => /part|backlot/.test(name));
  expect(left).toEqual([]);
}

describe('a folder', () => {
  it('keeps files whole, under names of their own until they are', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const request = { kind: 'folder' as const, settings: { path: root } };
    const means = { keep: folder.keep, scratch: '', rclone: null, folders: [root] };
    await story(request, (path) => join(root, path), { means });
  });

  it('is only written where the operator allows, and no link leads out of it', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(join(folder.root, 'elsewhere'));
    await mkdir(root);
    await symlink(join(folder.root, 'elsewhere'), join(root, 'way-out'));
    const source = await makeNoise(join(folder.root, 'film'), 100);
    const means = { keep: folder.keep, scratch: '', rclone: null, folders: [root] };
    const put = (path: string, to: string) =>
      folder.run(
        folder.request(
          { kind: 'folder', settings: { path: to } },
          { do: 'upload', path, onOther: 'rename', source },
          { means, patienceMs: 0 },
        ),
      );
    expect((await put('way-out/x', root)).result).toMatchObject({ outcome: 'failed', why: 'refused' });
    expect((await put('x', join(folder.root, 'elsewhere'))).result).toMatchObject({
      outcome: 'failed',
      why: 'refused',
    });
    // An empty mount point is not filled: what is not there is away.
    expect((await put('x', join(root, 'not-mounted'))).result).toMatchObject({
      outcome: 'failed',
      why: 'away',
    });
    // Nor are folders made there, before it is found out.
    expect((await put('way-out/new/x', root)).result).toMatchObject({ outcome: 'failed', why: 'refused' });
    expect(await readdir(join(folder.root, 'elsewhere'))).toEqual([]);
  });

  it('writes and reads nothing through links that stand under its names', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const secret = join(folder.root, 'secret');
    await writeFile(secret, 'what nobody may write or read');
    const source = await makeNoise(join(folder.root, 'film'), 100);
    const means = { keep: folder.keep, scratch: '', rclone: null, folders: [root] };
    const target = { kind: 'folder' as const, settings: { path: root } };
    const run = (work: Parameters<WorkFolder['request']>[1]) =>
      folder.run(folder.request(target, work, { means, patienceMs: 0 }));
    const upload = { do: 'upload' as const, path: 'film.mp4', onOther: 'rename' as const, source };
    // The name under which it would grow.
    await symlink(secret, join(root, `.${source.sha256.slice(0, 24)}.part`));
    expect((await run(upload)).result).toMatchObject({ outcome: 'failed', why: 'refused' });
    await symlink(secret, join(root, 'link.mp4'));
    expect((await run({ ...upload, path: 'link.mp4' })).result).toMatchObject({ why: 'refused' });
    const { size, sha256 } = await makeNoise(join(folder.root, 'other'), 29);
    const verify = { do: 'verify' as const, path: 'link.mp4', method: 'auto' as const, size, sha256 };
    expect((await run(verify)).result).toMatchObject({ outcome: 'failed', why: 'refused' });
    expect(await readFile(secret, 'utf8')).toBe('what nobody may write or read');
  });

  it('keeps names apart that differ only in case or in how their letters are written', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const means = { keep: folder.keep, scratch: '', rclone: null, folders: [root] };
    const names = ['Café.mp4', 'Cafe\u0301.mp4', 'CAFÉ.mp4'];
    for (const [n, name] of names.entries()) {
      const source = await makeNoise(join(folder.root, `film-${n}`), 100 + n);
      const work = { do: 'upload' as const, path: cleanPath(name), onOther: 'rename' as const, source };
      const { result } = await folder.run(
        folder.request({ kind: 'folder', settings: { path: root } }, work, { means }),
      );
      expect(result).toMatchObject({ outcome: 'uploaded' });
    }
    // The second is the first, written otherwise: other content gets another name.
    const sizes = await Promise.all(
      (await readdir(root)).map(async (name) => (await readFile(join(root, name))).length),
    );
    expect(sizes.sort()).toEqual([100, 101, 102]);
    expect(await readdir(root)).toContain('Café (2).mp4');
  });

  it('bears two attempts at the same file at the same time', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const source = await makeNoise(join(folder.root, 'film'), 4 * MiB);
    const share = (keep: string, bytesPerSecond: number) =>
      folder.request(
        { kind: 'folder', settings: { path: root }, limits: { bytesPerSecond, parallel: 1 } },
        { do: 'upload', path: 'film.mp4', onOther: 'rename', source },
        { means: { keep, scratch: '', rclone: null, folders: [root] } },
      );
    const requests = [share(folder.keep, 4 * MiB), share(join(folder.root, 'other-node'), 5 * MiB)];
    const both = await Promise.all(requests.map((request) => folder.run(request)));
    for (const { result } of both) expect(result).toMatchObject({ outcome: 'uploaded' });
    expect(await readdir(root)).toEqual(['film.mp4']);
    expect(await readFile(join(root, 'film.mp4'))).toEqual(await readFile(source.path));
  });

  it('goes on where a killed process was', async () => {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const source = await makeNoise(join(folder.root, 'film'), 8 * MiB);
    const means = { keep: folder.keep, scratch: '', rclone: null, folders: [root] };
    const request = folder.request(
      { kind: 'folder', settings: { path: root }, limits: { bytesPerSecond: 4 * MiB, parallel: 1 } },
      { do: 'upload', path: 'film.mp4', onOther: 'rename', source },
      { means },
    );
    const first = await folder.start(request);
    await vi.waitUntil(() => first.words.some((word) => word.t === 'progress'), { timeout: 90_000 });
    await first.kill();
    const { result } = await folder.run({
      ...request,
      target: { ...request.target, limits: { bytesPerSecond: null, parallel: 1 } },
    });
    expect(result).toMatchObject({ outcome: 'uploaded' });
    const sent = result?.outcome === 'uploaded' ? result.result.sent : 0;
    expect(sent).toBeLessThan(source.size);
    expect(await readFile(join(root, 'film.mp4'))).toEqual(await readFile(source.path));
  });
});

describe('a file in a folder that has got its name, and is known by that of its part still', () => {
  /** As a process leaves it that is killed in between: one file with two names. */
  async function killedInBetween() {
    const root = join(folder.root, 'nas');
    await mkdir(root);
    const source = await makeNoise(join(folder.root, 'film'), 3 * MiB);
    const request = folder.request(
      { kind: 'folder', settings: { path: root } },
      { do: 'upload', path: 'film.mp4', onOther: 'rename', source },
      { means: { keep: folder.keep, scratch: '', rclone: null, folders: [root] } },
    );
    const [film, part] = [join(root, 'film.mp4'), join(root, `.${source.sha256.slice(0, 24)}.part`)];
    await writeFile(part, await readFile(source.path));
    await link(part, film);
    return { root, source, request, film };
  }

  it('is found by the next attempt, which takes that name away', async () => {
    const { root, request } = await killedInBetween();
    expect((await folder.run(request)).result).toMatchObject({
      outcome: 'uploaded',
      result: { copy: { path: 'film.mp4', how: 'found' } },
    });
    expect(await readdir(root)).toEqual(['film.mp4']);
  });

  it('is not written into by an upload that goes on with the part', async () => {
    const { root, source, request, film } = await killedInBetween();
    // Somebody has changed it: other content under the name, and of the same size.
    const changed = Buffer.alloc(source.size, 'theirs');
    await writeFile(film, changed, { flag: 'r+' });
    expect((await folder.run(request)).result).toMatchObject({
      outcome: 'uploaded',
      result: { copy: { path: 'film (2).mp4', how: 'sent' } },
    });
    expect((await readFile(film)).equals(changed)).toBe(true);
    expect((await readFile(join(root, 'film (2).mp4'))).equals(await readFile(source.path))).toBe(true);
    expect((await readdir(root)).sort()).toEqual(['film (2).mp4', 'film.mp4']);
  });
});

describe.runIf(hasRclone)('WebDAV and rclone', { timeout: 300_000 }, () => {
  let server: ChildProcess;
  let root: string;
  let url: string;
  beforeEach(async () => {
    root = join(folder.root, 'dav');
    await mkdir(root);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const args = ['serve', 'webdav', root, '--addr', `127.0.0.1:${port}`, '--user', 'u', '--pass', 'p w'];
    server = spawn('rclone', [...args, '--config', '/dev/null', '--dir-cache-time', '0s'], {
      stdio: 'ignore',
    });
    await vi.waitUntil(
      () =>
        fetch(url).then(
          () => true,
          () => false,
        ),
      { timeout: 90_000, interval: 50 },
    );
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => server.once('close', resolve));
    server.kill('SIGKILL');
    await ended;
  });

  it('WebDAV keeps files whole', async () => {
    await story(
      { kind: 'webdav', settings: { url, user: 'u', prefix: 'in' }, secrets: { password: 'p w' } },
      (path) => join(root, 'in', path),
    );
  });

  it('a wrong password is a refusal, and is not shown', async () => {
    const request = folder.request(
      { kind: 'webdav', settings: { url, user: 'u' }, secrets: { password: 'wrong-secret' } },
      { do: 'test' },
    );
    const { result } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'failed', why: 'refused' });
    expect(JSON.stringify(result)).not.toContain('wrong-secret');
  });

  it('rclone keeps files whole', async () => {
    const pass = spawnSync('rclone', ['obscure', 'p w'], { encoding: 'utf8' }).stdout.trim();
    const config = `[dav]\ntype = webdav\nurl = ${url}\nvendor = other\nuser = u\npass = ${pass}\n`;
    await story({ kind: 'rclone', settings: { remote: 'dav', prefix: 'in' }, secrets: { config } }, (path) =>
      join(root, 'in', path),
    );
  });
});

describe('a configuration of rclone', () => {
  it.each(['url = http://169.254.169.254/', 'host: 0xa9fea9fe', 'endpoint = [fe80::1]:80'])(
    'goes to no forbidden address: %s',
    async (line) => {
      const config = `[a]\ntype = webdav\n${line}\n`;
      const target = { kind: 'rclone' as const, settings: { remote: 'a' }, secrets: { config } };
      const { result } = await folder.run(folder.request(target, { do: 'test' }));
      expect(result).toMatchObject({ why: 'refused', detail: expect.stringMatching('may not be used') });
    },
  );

  it.each([
    ['[a]\ntype = webdav\nurl = http://x\n', undefined],
    ['type = webdav', 'it begins with no [remote]'],
    ['[b]\ntype = webdav', 'it has no [a]'],
    ['[a]\ntype = local\n', 'a remote of type local is not allowed'],
    [
      '[a]\ntype = webdav\nbearer_token_command = touch /tmp/x',
      'the option bearer_token_command is not allowed',
    ],
    ['[a]\ntype = sftp\nssh = touch x', 'the option ssh is not allowed'],
    ['[a]\ntype = alias\nremote = :local:/etc', 'remote must name another remote of this configuration'],
    ['[a]\ntype : local\n', 'a remote of type local is not allowed'],
    ['[a]\ntype = unheard-of\n', 'a remote of type unheard-of is not allowed'],
    ['[a]\ntype = sftp\nssh : touch x', 'the option ssh is not allowed'],
    ['[a]\ntype = webdav\n"bearer_token_command" = touch x', 'quoted options are not allowed'],
    ['[a]\ntype = `local`', 'quoted options are not allowed'],
    [
      '[a]\ntype = webdav\nglobal.metadata_mapper = touch x',
      'the option global.metadata_mapper is not allowed',
    ],
    [
      '[a]\ntype = alias\nremote = a,type=local:/etc',
      'remote must name another remote of this configuration',
    ],
    ['[a]\ntype = alias\nremote = etc', 'remote must name another remote of this configuration'],
    [
      '[a]\ntype = union\nupstreams = b:x /etc\n[b]\ntype = memory',
      'upstreams must name another remote of this configuration',
    ],
    ['[a]\ntype = union\nupstreams = b:x b:y:ro\n[b]\ntype = memory', undefined],
    ['[a]\ntype = webdav\nurl = http://x:y', 'the option url is no address'],
  ])('%j: %s', (config, problem) => expect(problemOfConfig(config, 'a')).toBe(problem));
});
