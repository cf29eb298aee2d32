import { execFile } from 'node:child_process';
import { openAsBlob } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Artifact, NodeView, Page, Project } from '@backlot/contract';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { type Agent, createAgent } from '@backlot/node/agent/agent';
import { ApiClient, ApiError } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Transcode, type TranscodeSubmissionInput } from '../contract.ts';
import { transcodesControl } from '../control/index.ts';
import { transcodesNode } from '../node/index.ts';
import { makeFilm, packetsOf } from './films.ts';

/** Transcodes inside the whole product: a control plane, a database, an agent with its own ffmpeg and sandbox. */
const adminToken = 'the-administration-token-of-tests';
let folder: string;
let database: TestDatabase;
let control: Control;
let agent: Agent;
let api: ApiClient;
let projectId: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-transcodes-'));
  database = await createTestDatabase({ empty: true });
  const log = createLog({ name: 'test', level: 'silent' });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: join(folder, 'control'), adminToken },
    database: database.url,
    workloads: [transcodesControl],
    log,
    passwordCost: cheapPasswords,
  });
  api = new ApiClient({ baseUrl: control.url, token: adminToken });
  projectId = (await api.transport.call('GET', '/api/v1/projects', Page(Project))).items[0]?.id ?? '';
  agent = await createAgent({
    controlUrl: control.url,
    joinToken: await control.localJoinToken(),
    dataDir: join(folder, 'node'),
    name: 'studio-1',
    workloads: [transcodesNode],
    log,
  });
  await agent.ready;
  await vi.waitUntil(
    async () => {
      const nodes = await api.transport.call('GET', '/api/v1/nodes', Page(NodeView));
      return nodes.items.some((node) => node.capabilities.some(({ name }) => name === 'ffmpeg'));
    },
    { timeout: 110_000, interval: 100 },
  );
});
afterAll(async () => {
  await agent?.close({ work: 'end' });
  await control?.close();
  await database?.close();
  await rm(folder, { recursive: true, force: true });
});

async function upload(path: string, name = basename(path)): Promise<Artifact> {
  return (await api.artifacts.upload(await openAsBlob(path), { projectId, name })).artifact;
}
const submit = (json: Partial<TranscodeSubmissionInput>) =>
  api.transport.call('POST', '/api/v1/transcodes', Transcode, { json: { projectId, ...json } });

/** `backlot`, as a person runs it who stands in the folder. */
function backlot(...args: string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const entry = resolve(import.meta.dirname, '../../../packages/cli/bin/backlot.mjs');
  const env = { PATH: process.env.PATH, HOME: folder, BACKLOT_URL: control.url, BACKLOT_TOKEN: adminToken };
  const options = { cwd: folder, env, timeout: 120_000 };
  return new Promise((done) => {
    const child = execFile(process.execPath, [entry, ...args], options, (_error, _stdout, stderr) =>
      done({ code: child.exitCode ?? -1, stderr }),
    );
  });
}

async function ended(id: string): Promise<Transcode> {
  let last: Transcode | undefined;
  await vi.waitUntil(
    async () => {
      last = await api.transport.call('GET', `/api/v1/transcodes/${id}`, Transcode);
      return last.job.endedAt !== null;
    },
    { timeout: 120_000, interval: 150 },
  );
  if (!last) throw new Error('It was never seen.');
  return last;
}

describe('a transcode', { timeout: 180_000 }, () => {
  it('goes from an artifact to a checked artifact, with what proves it', async () => {
    const hostile = 'a"; touch x & $(id) ..%2f.mkv';
    const source = await upload(makeFilm(folder, 'source.mkv'), hostile);
    const settings = {
      rate: { mode: 'vbr', bitrate: 400_000, maxBitrate: 600_000, twoPass: true },
      preset: 'veryfast',
    } as const;
    const submitted = await submit({ artifactId: source.id, settings });
    expect(submitted).toMatchObject({ job: { name: hostile }, result: null, output: null });

    const done = await ended(submitted.job.id);
    expect(done.job).toMatchObject({ state: 'succeeded' });
    expect(done.result).toMatchObject({ how: 'asked', encoder: 'libx264' });
    expect(done.result?.proof).toMatch(/rc=2pass .*bitrate=400 .*vbv_maxrate=600/);
    expect(done.output).toMatchObject({ kind: 'film', mediaType: 'video/mp4', name: 'video.mp4' });

    const response = await api.artifacts.content(done.output?.id ?? '');
    const file = join(folder, 'fetched.mp4');
    await writeFile(file, Buffer.from(await response.arrayBuffer()));
    expect((await stat(file)).size).toBe(done.result?.size);
    expect(packetsOf(file)).toHaveLength(100);
    expect(await readdir(folder)).not.toContain('x');
  });

  it('is made from the command line, and takes no place of another file unasked', async () => {
    makeFilm(folder, 'take.mkv', { seconds: 1 });
    const made = join(folder, 'take-copy.mp4');
    expect(await backlot('transcode', 'take.mkv', '--mode', 'copy')).toMatchObject({ code: 0 });
    expect(packetsOf(made)).toHaveLength(25);
    await writeFile(made, 'mine');
    const again = await backlot('transcode', 'take.mkv', '--mode', 'copy');
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('--force') });
    expect(await readFile(made, 'utf8')).toBe('mine');
    const itself = await backlot('transcode', 'take.mkv', '--mode', 'copy', '--out', 'take.mkv', '--force');
    expect(itself).toMatchObject({ code: 2, stderr: expect.stringContaining('the film itself') });
    const foreign = await backlot('transcode', 'take.mkv', '--mode', 'copy', '--preset', 'fast');
    expect(foreign).toMatchObject({ code: 2, stderr: expect.stringContaining('--preset means nothing') });
    expect(await backlot('transcode', 'take.mkv', '--mode', 'copy', '--force')).toMatchObject({ code: 0 });
    expect(packetsOf(made)).toHaveLength(25);
  });

  it('of what is no film ends in a sentence and makes nothing', async () => {
    const path = join(folder, 'notes.txt');
    await writeFile(path, 'words\n'.repeat(100));
    const { job } = await submit({ artifactId: (await upload(path)).id });
    const done = await ended(job.id);
    expect(done).toMatchObject({ job: { state: 'failed' }, result: null, output: null });
    expect(done.job.failure?.reason.code).toBe('transcodes.unreadable');
  });

  it('is refused with a typed error when it makes no sense', async () => {
    const film = await upload(makeFilm(folder, 'refused.mp4', { seconds: 1 }));
    const words = join(folder, 'words.doc');
    await writeFile(words, 'words');
    const wrong = await upload(words);
    const refusal = async (json: Partial<TranscodeSubmissionInput>) => {
      const error = await submit(json).catch((thrown: unknown) => thrown);
      if (!(error instanceof ApiError)) throw new Error('It was accepted.', { cause: error });
      return error.code;
    };
    expect(await refusal({ artifactId: crypto.randomUUID() })).toBe('not_found');
    expect(await refusal({ artifactId: film.id, subtitlesId: wrong.id })).toBe('transcode_subtitles_unknown');
    expect(
      await refusal({ artifactId: film.id, subtitlesId: wrong.id, settings: { rate: { mode: 'copy' } } }),
    ).toBe('transcode_subtitles_copy');
    expect(await refusal({ artifactId: film.id, settings: { rate: { mode: 'copy' }, fps: 30 } })).toBe(
      'invalid_input',
    );
  });
});
