import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { newId } from '@backlot/contract';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { factKinds, WatchParameters } from '../../contract.ts';
import { Engine } from '../../node/bililive/engine.ts';
import { finishedFiles, stillMs } from '../../node/bililive/finished-files.ts';
import { RoomFollower } from '../../node/bililive/follow-room.ts';
import { withOurHook } from '../../node/bililive/hints.ts';
import { roomOfPath } from '../../node/bililive/scan-folder.ts';
import { TakenFiles } from '../../node/bililive/taken-files.ts';
import { readTags } from '../sources/flv-tags.ts';
import { makeSample } from '../sources/sample.ts';
import { Played } from './played-agent.ts';

/**
 * Rooms behind a BililiveRecorder, as a program that our engine runs. The recorder is a fake of ours, made from its wire
 * description, because the real one can't be had here; files, processes, HTTP and webhooks are real.
 */
const hostile = 'a"; touch x & $(id) ../..';
let folder: string;
let sample: Buffer;
let frames: number;
let dir: string;
let binary: string;
let engine: Engine | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-engine-'));
  sample = readFileSync(makeSample(folder, { seconds: 4 }).path);
  frames = readTags(sample).tags.filter(({ type }) => type === 9 || type === 8).length;
  binary = join(folder, 'BililiveRecorder.Cli');
  const program = resolve(import.meta.dirname, 'fake-recorder-main.ts');
  await writeFile(binary, `#!${process.execPath} --no-warnings\nimport(${JSON.stringify(program)});\n`);
  await chmod(binary, 0o755);
});
afterAll(() => rm(folder, { recursive: true, force: true }));
beforeEach(async () => {
  dir = await mkdtemp(join(folder, 'works-'));
  await writeFile(join(dir, '.sample.flv'), sample);
});
afterEach(async () => {
  await engine?.close();
  engine = undefined;
});

const settings = () => ({ dir, binary, port: null, url: null, user: '', pass: '' });
const open = async () => (engine = await Engine.open(settings(), () => {}, { lookMs: 300, stillMs: 1_500 }));
async function script(rooms: Record<string, unknown>, webhooks = 'good'): Promise<void> {
  await writeFile(join(dir, '.fake-next'), JSON.stringify({ rooms, webhooks }));
  await rename(join(dir, '.fake-next'), join(dir, '.fake.json'));
}

function channel(roomId: number, more: Record<string, unknown> = {}) {
  return WatchParameters.parse({
    channelId: newId(),
    name: 'room',
    source: { kind: 'bililive', roomId },
    silenceMs: 1_000,
    ...more,
  });
}
const patient = { timeout: 60_000, interval: 50 };
/** What lies in the recorder's folder, but for what is hidden. */
const left = async (ending: string) =>
  (await readdir(dir, { recursive: true })).filter(
    (name) => name.endsWith(ending) && !name.split('/').some((part) => part.startsWith('.')),
  );
const outside = async () => (await readdir(folder)).filter((name) => name === 'x');

describe('a BililiveRecorder that a node runs', () => {
  it('gets the rooms of channels, and each of its files becomes a segment once', async () => {
    const allocation = new Played(folder, 'first', channel(23_058));
    await script({
      23058: { streaming: true, title: hostile, folder: `23058-${hostile.replaceAll('/', '_')}` },
    });
    const running = (await open()).follow(allocation);
    await vi.waitUntil(() => allocation.kinds().includes('take.started'), patient);
    await engine?.call(allocation, 'recordings.split');
    await vi.waitUntil(() => allocation.taken.length === 1, patient);
    await script({ 23058: { streaming: false, title: hostile } });
    await vi.waitUntil(() => allocation.kinds().includes('broadcast.ended'), patient);
    await vi.waitUntil(() => allocation.detail.state === 'offline', patient);
    // Files of a node that was killed look like this on the next start: same names, same bytes.
    expect(allocation.taken).toHaveLength(2);
    expect(new Set(allocation.taken.map(({ output }) => output.name)).size).toBe(2);
    for (const { output, bytes, meta } of allocation.taken) {
      expect(output.name).toMatch(/^engine\/[0-9a-f]{32}\.flv$/);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(output.digest);
      expect(bytes.equals(sample)).toBe(true);
      expect(meta.videoFrames + meta.audioFrames).toBeGreaterThanOrEqual(frames - 4);
      expect(meta).toMatchObject({ container: 'flv', part: 1, width: 160, height: 90, title: hostile });
      expect(meta.codecs).toContain('h264');
    }
    const ended = allocation.facts.find(({ kind }) => kind === factKinds.broadcastEnded);
    expect(ended?.body).toMatchObject({ why: 'silence', takes: 2, segments: 2, title: hostile });
    expect(allocation.kinds().filter((kind) => kind === 'broadcast.started')).toHaveLength(1);
    expect(allocation.kinds().filter((kind) => kind === 'take.ended')).toHaveLength(2);
    // The chat of each follows it, and comes before the end; the recorder closes it later than its file.
    expect(allocation.told.filter((what) => /^(segment|chat|broadcast\.ended)/.test(what)).at(-1)).toBe(
      'broadcast.ended',
    );
    expect(allocation.chats.map(({ meta }) => meta.number).toSorted()).toEqual([1, 2]);
    for (const { output, meta, bytes } of allocation.chats) {
      const its = allocation.taken.find((one) => one.meta.number === meta.number);
      expect(meta).toMatchObject({ broadcast: its?.meta.broadcast, take: its?.meta.take });
      expect(meta).toMatchObject({ format: 'bilibili-xml' });
      expect(meta.torn).toBeUndefined();
      expect(allocation.told.indexOf(`segment ${meta.number}`)).toBeLessThan(
        allocation.told.indexOf(`chat ${meta.number}`),
      );
      expect(output).toMatchObject({ mediaType: 'application/xml', hold: true });
      expect(output.name).toMatch(/^engine\/[0-9a-f]{32}\.xml$/);
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(output.digest);
      expect(bytes.toString()).toMatch(
        /<d p="[^"]+" user="[^"]*">a"; touch x &amp; \$\(id\) \.\.\/\.\.<\/d>/,
      );
      expect(bytes.toString()).toMatch(/<\/i>$/);
    }
    expect(await left('.flv')).toEqual([]);
    expect(await left('.xml')).toEqual([]);
    expect(allocation.detail).toMatchObject({ state: 'offline', streamer: 'n' });
    const on = { hasValue: true, value: true };
    expect(JSON.parse(readFileSync(join(dir, '.fake-config'), 'utf8'))).toMatchObject({
      optionalRecordDanmaku: on,
      optionalRecordDanmakuSuperChat: on,
      optionalRecordDanmakuGift: on,
      optionalRecordDanmakuGuard: on,
      optionalRecordDanmakuFlushInterval: { hasValue: true, value: 1 },
    });
    // The password is the node's own, and nothing of the title ran or left the folder.
    expect(readFileSync(join(dir, '.fake-pid'), 'utf8')).not.toContain(
      createHash('sha256').update('').digest('hex'),
    );
    expect(await outside()).toEqual([]);
    expect(existsSync(join(dir, 'x'))).toBe(false);
    allocation.abort.abort();
    await running;
  });

  it('whose webhooks come twice and in the wrong order is believed no more than its folder', async () => {
    const allocation = new Played(folder, 'bad', channel(5));
    await script({ 5: { streaming: true, title: 't' } }, 'bad');
    const running = (await open()).follow(allocation);
    await vi.waitUntil(() => allocation.kinds().includes('take.started'), patient);
    await engine?.call(allocation, 'recordings.split');
    await vi.waitUntil(() => allocation.taken.length === 1, patient);
    allocation.abort.abort();
    await running;
    // The end of the channel ends the recording, and its file is taken in.
    expect(allocation.taken).toHaveLength(2);
    expect(allocation.chats.map(({ meta }) => meta.number).toSorted()).toEqual([1, 2]);
    expect(allocation.told.at(-1)).toBe('broadcast.ended');
  });

  it('is asked whether it records before a split, and not what the last look was told', async () => {
    const allocation = new Played(folder, 'younger', channel(8));
    await script({ 8: { streaming: false, title: 't' } }, 'none');
    engine = await Engine.open(settings(), () => {}, { lookMs: 120_000, stillMs: 1_500 });
    const running = engine.follow(allocation);
    // Until the recorder answers, nothing but a look of ours comes of it; then there is none for two minutes.
    await vi.waitUntil(async () => {
      await engine?.look();
      return allocation.detail.state === 'offline';
    }, patient);
    expect(await engine.call(allocation, 'recordings.split')).toEqual({ done: false });
    await script({ 8: { streaming: true, title: 't' } }, 'none');
    await vi.waitUntil(
      async () =>
        (await readdir(dir, { recursive: true })).some(
          (name) => name.endsWith('.flv') && !name.startsWith('.'),
        ),
      patient,
    );
    expect(allocation.detail.state).toBe('offline');
    expect(await engine.call(allocation, 'recordings.split')).toEqual({ done: true });
    allocation.abort.abort();
    await running;
    expect(allocation.taken).toHaveLength(2);
  });

  it('that is killed leaves a torn file, which is taken in although nobody says that it was closed', async () => {
    const allocation = new Played(folder, 'killed', channel(6, { silenceMs: 60_000 }));
    await script({ 6: { streaming: true, title: 't' } });
    const running = (await open()).follow(allocation);
    await vi.waitUntil(
      () => Number(allocation.kinds().filter((kind) => kind === 'take.started').length) === 1,
      patient,
    );
    await vi.waitUntil(
      () => Number(allocation.detail.bytes ?? 0) > 0 || allocation.detail.live === true,
      patient,
    );
    await vi.waitUntil(
      async () =>
        (await left('.xml')).some((name) => readFileSync(join(dir, name), 'utf8').includes('<d p="')),
      patient,
    );
    const [pid] = readFileSync(join(dir, '.fake-pid'), 'utf8').split(' ');
    await script({ 6: { streaming: false, title: 't' } }, 'none');
    process.kill(Number(pid), 'SIGKILL');
    await vi.waitUntil(() => allocation.taken.length === 1, patient);
    const [taken] = allocation.taken;
    expect(taken?.bytes.length).toBeGreaterThan(0);
    expect(sample.subarray(0, taken?.bytes.length).equals(taken?.bytes ?? Buffer.alloc(0))).toBe(true);
    expect(readFileSync(join(dir, '.fake-pid'), 'utf8').split(' ')[0]).not.toBe(pid);
    // Its chat has no end: it is what it is when it has stood still as long.
    await vi.waitUntil(() => allocation.chats.length === 1, patient);
    expect(allocation.chats[0]?.meta).toMatchObject({ torn: true, number: 1, take: taken?.meta.take });
    expect(allocation.chats[0]?.bytes.toString()).not.toContain('</i>');
    expect(allocation.chats[0]?.bytes.toString()).toContain('<d p="');
    allocation.abort.abort();
    await running;
    expect(allocation.taken).toHaveLength(1);
    expect(allocation.chats).toHaveLength(1);
    expect(await left('.xml')).toEqual([]);
  });

  it.each([
    ['off', 'has none'],
    ['quiet', 'has one in which nobody has written'],
  ])('with chat %s %s, and ends no later for it than a file must stand still', async (chat) => {
    const allocation = new Played(folder, `chat-${chat}`, channel(10));
    await script({ 10: { streaming: true, title: 't', chat } });
    const running = (await open()).follow(allocation);
    await vi.waitUntil(() => allocation.kinds().includes('take.started'), patient);
    await script({ 10: { streaming: false, title: 't', chat } });
    await vi.waitUntil(() => allocation.taken.length === 1, patient);
    const since = performance.now();
    await vi.waitUntil(() => allocation.kinds().includes('broadcast.ended'), patient);
    // The silence is a second, a file must stand still for 1.5 s; a chat that grows would be waited for far longer.
    expect(performance.now() - since).toBeLessThan(30_000);
    expect(allocation.chats).toEqual([]);
    expect(await left('.xml')).toEqual([]);
    allocation.abort.abort();
    await running;
  });

  it('goes on where a killed engine was: nothing is lost, and nothing taken twice', async () => {
    const rules = channel(7, { silenceMs: 60_000 });
    const first = new Played(folder, 'before', rules);
    await script({ 7: { streaming: true, title: 't' } });
    void (await open()).follow(first);
    await vi.waitUntil(() => first.kinds().includes('take.started'), patient);
    await engine?.call(first, 'recordings.split');
    await vi.waitUntil(() => first.taken.length === 1, patient);
    // The agent is gone when the second file is closed: it is not told, and must be told later.
    first.broken = true;
    await engine?.call(first, 'recordings.split');
    await engine?.look();
    await engine?.close();
    const again = new Played(folder, 'after', rules);
    await script({ 7: { streaming: false, title: 't' } });
    const running = (await open()).follow(again);
    await vi.waitUntil(() => again.taken.length >= 1, patient);
    again.abort.abort();
    await running;
    const names = [...first.taken, ...again.taken].map(({ output }) => output.name);
    expect(new Set(names).size).toBe(names.length);
    const broadcasts = [...first.taken, ...again.taken].map(({ meta }) => meta.broadcast);
    expect(new Set(broadcasts).size).toBe(1);
    expect(again.taken[0]?.meta.number).toBe(2);
    // The engine's end was the recorder's too: what was written of chat is there, once for each file.
    const chats = [...first.chats, ...again.chats].map(({ meta }) => meta.number);
    expect(chats).toEqual(expect.arrayContaining([1, 2]));
    expect(new Set(chats).size).toBe(chats.length);
  });

  it('whose file is still open when the channel ends takes it in at the next start, in a broadcast of its own', async () => {
    const work = await mkdtemp(join(dir, 'follow-'));
    await writeFile(join(work, '9.flv'), sample);
    const statePath = join(work, '.state', 'room.json');
    const taken = await TakenFiles.open(join(work, '.state', 'taken'));
    let now = 1_000;
    const follow = (allocation: Played) =>
      RoomFollower.open({
        allocation,
        rules: channel(9),
        folder: work,
        statePath,
        taken,
        owned: false,
        now: () => now,
        still: 1_500,
        say: () => {},
      });
    const look = { room: undefined, asked: true, closed: new Map<string, number>() };
    const file = { path: '9.flv', size: sample.length, changedAt: 2_000 };
    const before = new Played(folder, 'open-before', channel(9));
    const first = await follow(before);
    await first.look({ ...look, files: [file] });
    expect(before.kinds()).toContain('take.started');
    await first.end('canceled');
    expect(before.kinds().slice(-2)).toEqual(['take.ended', 'broadcast.ended']);
    const after = new Played(folder, 'open-after', channel(9));
    const again = await follow(after);
    for (now of [10_000, 20_000]) await again.look({ ...look, files: [file] });
    expect(after.kinds()).toContain('broadcast.started');
    expect(after.taken).toHaveLength(1);
    expect(after.taken[0]?.meta).toMatchObject({ takeNumber: 1, number: 1 });
  });
});

describe('a file is finished', () => {
  const file = (path: string, size: number, changedAt: number) => ({ path, size, changedAt });
  const look = (more: Partial<Parameters<typeof finishedFiles>[0]>) =>
    finishedFiles({
      now: 100_000,
      files: [file('1/a.flv', 10, 1), file('1/b.flv', 20, 2)],
      watched: new Map(),
      closed: new Map(),
      recording: true,
      ...more,
    }).map(({ path }) => path);
  const since = (ms: number) =>
    new Map([
      ['1/a.flv', { size: 10, since: 100_000 - ms }],
      ['1/b.flv', { size: 20, since: 100_000 - ms }],
    ]);

  it('when its close was told with its size, or it stands still and no room can have it open', () => {
    expect(look({})).toEqual([]);
    expect(look({ closed: new Map([['1/b.flv', 20]]) })).toEqual(['1/b.flv']);
    // It has grown since: the webhook was of another time.
    expect(look({ closed: new Map([['1/b.flv', 19]]) })).toEqual([]);
    expect(look({ watched: since(stillMs) })).toEqual(['1/a.flv']);
    expect(look({ watched: since(stillMs - 1) })).toEqual([]);
    expect(look({ watched: since(stillMs), recording: undefined })).toEqual(['1/a.flv']);
    expect(look({ watched: since(stillMs), recording: false })).toEqual(['1/a.flv', '1/b.flv']);
  });

  it('and its room is in its path, by the default names of the recorder and by ours', () => {
    expect(roomOfPath('23058-n/rec.flv')).toBe(23_058);
    expect(roomOfPath('23058/rec.flv')).toBe(23_058);
    expect(roomOfPath('other/23058.flv')).toBeUndefined();
    expect(roomOfPath(`23058-${hostile}/x.flv`)).toBe(23_058);
  });

  it('and our webhook stands once among those of others', () => {
    const ours = 'http://127.0.0.1:5/backlot-hint/b';
    expect(withOurHook('https://a.example/x\r\nhttp://127.0.0.1:4/backlot-hint/a', ours)).toBe(
      `https://a.example/x\n${ours}`,
    );
    expect(withOurHook(undefined, ours)).toBe(ours);
  });
});
