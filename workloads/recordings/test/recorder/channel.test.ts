import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SegmentOutput } from '../../node/ledger/rows.ts';
import { sendPreview } from '../../node/live/send-preview.ts';
import { thumbnailOf } from '../../node/live/thumbnail.ts';
import { nodeDisk, type SegmentDisk } from '../../node/segments/disk-port.ts';
import { FlvOrigin } from '../sources/flv-origin.ts';
import { readTags } from '../sources/flv-tags.ts';
import { HlsOrigin } from '../sources/hls-origin.ts';
import { makeSample, type Sample } from '../sources/sample.ts';
import { type BenchChannel, dropFolder, newFolder, runChannel } from './bench-channel.ts';

const folder = newFolder();
let sample: Sample;
let origin: FlvOrigin;
const children: ChildProcess[] = [];
const folders: string[] = [folder];

beforeAll(() => {
  sample = makeSample(folder, { seconds: 12 });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await origin?.close();
});
afterAll(() => {
  for (const each of folders) dropFolder(each);
});

async function until(what: string, true_: () => boolean, limitMs = 90_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!true_()) {
    if (performance.now() > end) throw new Error(`Waited too long until ${what}.`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const identity = (type: number, ms: number, body: Buffer) =>
  `${type}:${ms}:${createHash('sha1').update(body).digest('base64')}`;

/** Frames in all segments, on the source's clock. */
function recorded(workDir: string, outputs: readonly SegmentOutput[]): Set<string> {
  const seen = new Set<string>();
  for (const { path, meta } of outputs)
    for (const { type, timestamp, body } of readTags(readFileSync(join(workDir, path))).tags)
      seen.add(identity(type, timestamp + Number(meta.baseMs), body));
  return seen;
}

const framesOf = (bench: BenchChannel) => bench.channel.take?.writer?.facts?.videoFrames ?? 0;
const segmentsOf = (bench: BenchChannel, count: number) => () => bench.outputs.length >= count;

describe('a channel over HTTP-FLV', () => {
  it('loses nothing over a drop: one broadcast, two takes, every frame that was sent, digests right', async () => {
    origin = await FlvOrigin.open({ sample });
    const bench = await runChannel({
      source: { kind: 'http-flv', url: origin.url },
      rules: { segmentMs: 2_000 },
    });
    folders.push(bench.workDir);
    await until('two segments are closed', segmentsOf(bench, 2));
    origin.drop();
    await until('more are', segmentsOf(bench, 4));
    await bench.stop();
    const seen = recorded(bench.workDir, bench.outputs);
    const sent = origin.viewers.flatMap((viewer) => viewer.sent);
    const last = bench.outputs.at(-1)?.meta.lastMs as number;
    const missing = sent.filter(({ packet, timestamp }) => {
      const there = seen.has(identity(packet.type, timestamp, packet.body));
      return !there && timestamp <= last - 200;
    });
    expect(sent.length).toBeGreaterThan(200);
    expect(missing).toHaveLength(0);
    expect(new Set(bench.outputs.map(({ meta }) => meta.broadcast)).size).toBe(1);
    expect(new Set(bench.outputs.map(({ meta }) => meta.take)).size).toBe(2);
    for (const { path, digest, meta } of bench.outputs) {
      const bytes = readFileSync(join(bench.workDir, path));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(digest);
      expect(readTags(bytes).rest).toBe(0);
      expect(meta.bytes).toBe(bytes.length);
    }
    const kinds = bench.facts.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'recordings.broadcast.started')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'recordings.take.started')).toHaveLength(2);
    expect(bench.facts.filter(({ kind }) => kind === 'recordings.gap')).toHaveLength(0);
  });

  it('cuts and ends a broadcast, and says when there is none', async () => {
    origin = await FlvOrigin.open({ sample });
    origin.goOffline();
    const bench = await runChannel({ source: { kind: 'http-flv', url: origin.url } });
    folders.push(bench.workDir);
    expect([bench.channel.split(), bench.channel.stopBroadcast()]).toEqual([false, false]);
    origin.goLive();
    await until('it is live', () => framesOf(bench) > 0);
    expect(bench.channel.split()).toBe(true);
    await until('the next keyframe begins a part', segmentsOf(bench, 1));
    // Waiting for a source that may come back is a broadcast, too, and can be ended.
    origin.goOffline();
    await until('the connection is gone', () => bench.channel.take === undefined);
    expect(bench.channel.stopBroadcast()).toBe(true);
    await until('it is over', () => bench.facts.some(({ kind }) => kind === 'recordings.broadcast.ended'));
    expect([bench.channel.split(), bench.channel.stopBroadcast()]).toEqual([false, false]);
    await bench.stop();
  });

  it('tells a source that has ended from a connection that was lost', async () => {
    const hls = await HlsOrigin.open({ sample, folder: join(folder, 'ended') });
    const bench = await runChannel({ source: { kind: 'hls', url: hls.url } });
    folders.push(bench.workDir);
    try {
      await until('it is live', () => framesOf(bench) > 0);
      hls.end();
      const ends = () => bench.facts.filter(({ kind }) => kind === 'recordings.take.ended');
      await until('the take is over', () => ends().length === 1);
      expect(ends()[0]?.body.why).toBe('finished');
      // The broadcast waits for it to come back, for a while.
      expect(bench.channel.state).toMatchObject({ inBroadcast: true, finished: true });
    } finally {
      await bench.stop();
      await hls.close();
    }
  });

  it('lists a hole as long as it was, in the same broadcast', async () => {
    origin = await FlvOrigin.open({ sample });
    const bench = await runChannel({
      source: { kind: 'http-flv', url: origin.url },
      rules: { segmentMs: 2_000 },
    });
    folders.push(bench.workDir);
    await until('a segment is closed', segmentsOf(bench, 1));
    origin.stall();
    const from = performance.now();
    await until('two seconds have passed', () => performance.now() - from > 2_000);
    origin.goLive();
    const closed = bench.outputs.length;
    await until('more are closed', segmentsOf(bench, closed + 2));
    await bench.stop();
    const gaps = bench.facts.filter(({ kind }) => kind === 'recordings.gap');
    expect(gaps).toHaveLength(1);
    // From the end of the last frame that was sent to the first behind it, sound or picture: to a frame of either.
    const times = (origin.viewers[0]?.sent ?? []).map(({ timestamp }) => timestamp).toSorted((a, b) => a - b);
    const ms = Math.max(...times.map((time, index) => time - (times[index - 1] ?? time)));
    expect(ms).toBeGreaterThan(1_500);
    const { ms: told = 0, fromWall = 0, toWall = 0 } = (gaps[0]?.body ?? {}) as Record<string, number>;
    expect(Math.abs(told - ms)).toBeLessThanOrEqual(50);
    // Its span is as long as it is: a broadcast's loss is counted by the one, its list shows the other.
    expect(toWall - fromWall).toBe(told);
  });

  it('is killed with SIGKILL and goes on: at most 100 ms of what was received are lost, the torn segment is kept', async () => {
    origin = await FlvOrigin.open({ sample });
    const workDir = newFolder();
    folders.push(workDir);
    const start = async () => {
      const child = spawn(
        process.execPath,
        ['--no-warnings', join(import.meta.dirname, 'channel-process.ts'), workDir, origin.url, '10000'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      children.push(child);
      await once(child.stdout as NodeJS.ReadableStream, 'data');
      return child;
    };
    const child = await start();
    const size = () =>
      readdirSync(workDir, { recursive: true }).filter((name) => String(name).endsWith('.part')).length;
    await until('a segment grows', () => size() > 0 && (origin.viewers[0]?.sent.length ?? 0) > 150);
    const sentBefore = origin.viewers[0]?.sent.length ?? 0;
    child.kill('SIGKILL');
    await once(child, 'exit');
    const bench = await runChannel({
      workDir,
      source: { kind: 'http-flv', url: origin.url },
      rules: { segmentMs: 2_000 },
    });
    await until('new segments are closed', segmentsOf(bench, 2));
    await bench.stop();
    const torn = bench.outputs.find(({ meta }) => meta.torn);
    expect(torn).toBeDefined();
    expect(new Set(bench.outputs.map(({ meta }) => meta.broadcast)).size).toBe(1);
    const last = origin.viewers[0]?.sent[sentBefore - 1]?.timestamp ?? 0;
    expect(last - Number(torn?.meta.lastMs)).toBeLessThan(100);
    const file = join(workDir, torn?.path ?? '');
    expect(readTags(readFileSync(file)).rest).toBe(0);
    const decoded = spawnSync('ffmpeg', ['-v', 'error', '-i', file, '-f', 'null', '-'], { encoding: 'utf8' });
    expect(decoded.status).toBe(0);
    expect(decoded.stderr).toBe('');
    expect(
      readdirSync(workDir, { recursive: true }).filter((name) => String(name).endsWith('.part')),
    ).toEqual([]);
  });

  it('survives a full disk: no empty file, closed segments whole, one notice, and it goes on when there is room', async () => {
    origin = await FlvOrigin.open({ sample });
    let full = false;
    const noSpace = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
    const disk: SegmentDisk = {
      ...nodeDisk,
      create(path) {
        if (full) throw noSpace();
        return nodeDisk.create(path);
      },
      write(fd, buffers) {
        if (full) throw noSpace();
        return nodeDisk.write(fd, buffers);
      },
      space: async () => (full ? 0 : 1e12),
    };
    const bench = await runChannel({
      source: { kind: 'http-flv', url: origin.url },
      rules: { segmentMs: 2_000 },
      parts: { disk },
    });
    folders.push(bench.workDir);
    await until(
      'a segment is closed and the next grows',
      () => segmentsOf(bench, 1)() && framesOf(bench) > 10,
    );
    full = true;
    await until('it holds', () => bench.channel.state.phase === 'held');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    const held = bench.outputs.length;
    full = false;
    await until('it records again', () => framesOf(bench) > 5, 15_000);
    await until('a segment is closed', segmentsOf(bench, held + 1));
    await bench.stop();
    for (const { path } of bench.outputs) {
      expect(statSync(join(bench.workDir, path)).size).toBeGreaterThan(0);
      expect(readTags(readFileSync(join(bench.workDir, path))).rest).toBe(0);
    }
    expect(bench.outputs.some(({ meta }) => meta.torn)).toBe(true);
    expect(
      new Set(bench.facts.filter(({ kind }) => kind === 'recordings.disk').map(({ key }) => key)).size,
    ).toBeLessThanOrEqual(2);
    expect(bench.facts.some(({ kind, body }) => kind === 'recordings.gap' && body.why === 'disk')).toBe(true);
  });

  it('shows the live picture to a watcher, and a thumbnail', async () => {
    origin = await FlvOrigin.open({ sample });
    const bench = await runChannel({
      source: { kind: 'http-flv', url: origin.url },
      rules: { segmentMs: 2_000 },
    });
    folders.push(bench.workDir);
    const parts: Buffer[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => response.end());
      request.on('error', () => {});
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    await until('frames are there', () => framesOf(bench) > 20);
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/pipe`;
    expect(await sendPreview(bench.channel, { url }, {})).toEqual({ container: 'flv' });
    const closed = bench.outputs.length;
    await until('segments went by', segmentsOf(bench, closed + 2));
    const { jpeg } = await thumbnailOf(bench.channel, { width: 160 }, {});
    expect(
      Buffer.from(jpeg ?? '', 'base64')
        .subarray(0, 2)
        .toString('hex'),
    ).toBe('ffd8');
    await bench.stop();
    server.closeAllConnections();
    server.close();
    const { tags } = readTags(Buffer.concat(parts));
    const pictures = tags.filter(({ type, body }) => type === 9 && body[1] === 1);
    expect(pictures.length).toBeGreaterThan(60);
    expect(pictures[0]?.body[0]).toBe(0x17);
    for (const [index, { timestamp }] of pictures.entries())
      if (index > 0) expect(timestamp - (pictures[index - 1]?.timestamp ?? 0)).toBe(40);
  });

  it('is joined to one film with every frame once, holes where they were, and a hostile title as data only', async () => {
    origin = await FlvOrigin.open({ sample });
    const source = { kind: 'http-flv', url: origin.url };
    const one = await runChannel({ source, rules: { segmentMs: 2_000 } });
    const two = await runChannel({ source, rules: { segmentMs: 3_000 } });
    folders.push(one.workDir, two.workDir);
    await until('a segment is closed', segmentsOf(one, 2));
    await one.stop();
    await until('the other goes on', segmentsOf(two, 2));
    const three = await runChannel({ workDir: one.workDir, source, rules: { segmentMs: 2_000 } });
    await until('it is back', () => framesOf(three) > 30);
    await three.stop();
    await two.stop();
    const work = newFolder();
    folders.push(work);
    const title = 'a"; touch x & $(id) ../..';
    const segments = [
      ...[...one.outputs, ...three.outputs].map(({ path, meta }) => ({
        ...meta,
        path: join(one.workDir, path),
      })),
      ...two.outputs.map(({ path, meta }) => ({ ...meta, path: join(two.workDir, path) })),
    ];
    writeFileSync(
      join(work, 'join.json'),
      JSON.stringify({ ffmpeg: 'ffmpeg', container: 'mp4', title, segments }),
    );
    const program = join(import.meta.dirname, '../../node/join/join-main.ts');
    const joined = spawnSync(process.execPath, ['--no-warnings', program], { cwd: work, encoding: 'utf8' });
    expect(joined.stderr).toBe('');
    expect(joined.status).toBe(0);
    const [part] = JSON.parse(readFileSync(join(work, 'joined.json'), 'utf8')).parts;
    expect(part.gaps).toEqual([]);
    expect(part.repeated).toBeGreaterThan(50);
    const film = join(work, 'out/film.mp4');
    const entries = ['-show_entries', 'stream=codec_type,nb_read_packets:format_tags=title', '-of', 'json'];
    const probe = JSON.parse(
      spawnSync('ffprobe', ['-v', 'error', '-count_packets', ...entries, film], { encoding: 'utf8' }).stdout,
    );
    const counted = Object.fromEntries(
      probe.streams.map((stream: { codec_type: string; nb_read_packets: string }) => [
        stream.codec_type,
        Number(stream.nb_read_packets),
      ]),
    );
    expect(counted).toEqual({ video: part.videoFrames, audio: part.audioFrames });
    expect(probe.format.tags.title).toBe(title);
    expect(existsSync(join(work, 'x'))).toBe(false);
    // 25 pictures a second, from the first to the last: nothing is missing in between.
    expect(part.videoFrames).toBe(Math.round(part.durationMs / 40));
  });
});
