import { readdirSync, statSync } from 'node:fs';
import { rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event, FlowRun, FlowRunDetail, NodeView, Project } from '@backlot/contract';
import type { Broadcast, Channel, Segment, Timeline } from '@backlot/recordings/contract';
import { mountSmallDisk } from '@backlot/testkit/small-disk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FlvOrigin } from '../../workloads/recordings/test/sources/flv-origin.ts';
import { complaintsOf, countPackets } from '../../workloads/recordings/test/sources/listeners.ts';
import { makeSample } from '../../workloads/recordings/test/sources/sample.ts';
import { serialsIn } from '../../workloads/recordings/test/sources/serial-stamp.ts';
import { isAlive } from '../system/processes.ts';
import { makeDataDir } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import { ProductParts } from './product-parts.ts';

/**
 * The disk of a node runs full while it records, by its own recordings and by somebody else's file, to the last byte. A tmpfs
 * is that disk: large enough for a channel to begin, small enough to be filled in a moment.
 */
const MB = 1e6;
const disk = mountSmallDisk(512);
if ('why' in disk) console.log(`Skipped: ${disk.why}.`);
const names = ['first', 'second', 'third'] as const;
/** The two that record when the disk is full. */
const recording = ['first', 'second'] as const;
const frameMs = 40;

describe.runIf('folder' in disk)('a node whose disk is full', () => {
  const small = disk as Exclude<typeof disk, { readonly why: string }>;
  let product: ProductParts;
  let origin: FlvOrigin;
  let scratch: string;
  let projectId: string;
  const channels = new Map<string, string>();

  beforeAll(async () => {
    scratch = await makeDataDir();
    origin = await FlvOrigin.open({
      sample: makeSample(scratch, { seconds: 8, gopSeconds: 1, rate: '1200k' }),
    });
    product = await ProductParts.start({ nodeDir: small.folder });
    projectId = (await product.all<Project>('/api/v1/projects'))[0]?.id ?? '';
  }, 300_000);
  afterAll(async () => {
    await origin?.close();
    const leftovers = await product?.close();
    if ('unmount' in disk) disk.unmount();
    await rm(scratch, { recursive: true, force: true });
    expect(leftovers).toEqual([]);
  }, 120_000);

  const channelOf = (name: string) => product.api<Channel>('GET', `/api/v1/channels/${channels.get(name)}`);
  const timelinesOf = async (name: string) => {
    const list = await product.all<Broadcast>(`/api/v1/broadcasts?channelId=${channels.get(name)}`);
    return await Promise.all(
      list
        .toSorted((a, b) => a.startedAt.localeCompare(b.startedAt))
        .map(({ id }) => product.api<Timeline>('GET', `/api/v1/broadcasts/${id}/timeline`)),
    );
  };
  const segmentsOf = async (name: string) => (await timelinesOf(name)).flatMap(({ segments }) => segments);
  const node = async () => (await product.api<{ items: NodeView[] }>('GET', '/api/v1/nodes')).items[0];
  const diskState = async () => (await node())?.load?.disk?.state;
  const runs = () => product.all<FlowRun>('/api/v1/flow-runs');
  const reserveNow = () => statSync(join(small.folder, 'reserve'), { throwIfNoEntry: false })?.size;
  /** Media files of recorders and what is held, by name, with their size. */
  const mediaFiles = () =>
    (readdirSync(small.folder, { recursive: true }) as string[])
      .filter((path) => /\.(flv|ts|part)$|holdings\/[0-9a-f]{2}\/[0-9a-f]{64}$/.test(path))
      .map((path) => ({ path, size: statSync(join(small.folder, path), { throwIfNoEntry: false })?.size }));

  async function addChannels(): Promise<void> {
    const flow = await product.api<{ id: string }>('POST', '/api/v1/flows', {
      projectId,
      definition: {
        version: 1,
        name: 'film',
        trigger: { kind: 'recordings.broadcast-ended', with: { channels: [crypto.randomUUID()] } },
        steps: [{ id: 'film', kind: 'recordings.join', in: { segments: 'trigger.segments' } }],
      },
    });
    for (const name of names) {
      const { id } = await product.api<Channel>('POST', '/api/v1/channels', {
        projectId,
        name,
        source: { kind: 'http-flv', url: new URL(`/live/${name}.flv`, origin.url).href },
        segmentMs: 2_000,
        // What is promised to it for two hours has to fit onto this disk.
        expectedBitrate: 8_000,
        silenceMs: 3_600_000,
        flow: name === 'third' ? { flowId: flow.id } : null,
      });
      channels.set(name, id);
    }
  }

  it('closes its files, says so once, and goes on when there is room', async () => {
    await addChannels();
    for (const name of names)
      await waitUntil(`${name} has segments`, async () => {
        const { reason } = await channelOf(name);
        return (await segmentsOf(name)).length >= 2 || Promise.reject(new Error(JSON.stringify(reason)));
      });
    const recorders = product.recorders;
    expect(recorders).toHaveLength(1);
    const reserve = (await stat(join(small.folder, 'reserve'))).size;
    expect(reserve).toBeGreaterThan(MB);

    // Somebody else's file takes the room that batch work needs.
    await small.fill('foreign', 40 * MB);
    await waitUntil('the node says that its disk is low', async () => (await diskState()) !== 'ok');
    await product.api('POST', `/api/v1/channels/${channels.get('third')}/stop`);
    const [run] = await waitUntil('its flow begins', async () => {
      const all = await runs();
      return all.length > 0 && all;
    });
    const stepOf = async () =>
      (await product.api<FlowRunDetail>('GET', `/api/v1/flow-runs/${run?.id}`)).steps[0]?.task;
    await waitUntil('the film waits, with a reason', async () => (await stepOf())?.wait);

    // The recordings themselves take the rest; then there is not one byte more.
    await small.fill('foreign', 7 * MB);
    await waitUntil('the reserve is given back', () => (reserveNow() ?? 0) < reserve / 2 + 1);
    await small.fill('foreign', 0);
    for (const name of recording)
      await waitUntil(`${name} says why it does not record`, async () =>
        /disk of the node is full/i.test((await channelOf(name)).live?.reason ?? ''),
      );
    await small.fill('foreign', 0);
    expect(await small.free()).toBeLessThan(MB);
    const fullSince = origin.produced.length;
    await waitUntil('minutes of the source have gone by', () => origin.produced.length > fullSince + 300);
    expect(mediaFiles().filter(({ size }) => size === 0)).toEqual([]);
    expect((await stepOf())?.state).not.toBe('running');
    expect(product.recorders).toEqual(recorders);
    expect(isAlive(product.nodePid) && isAlive(product.controlPid)).toBe(true);

    // An agent that dies now is followed by one that starts on the full disk, takes over, and says nothing again.
    await product.kill('node');
    const { lastSeenAt } = (await node()) ?? {};
    product.startNode();
    await waitUntil('the next agent has said how the disk stands', async () => {
      product.expectNodeAlive();
      const { lastSeenAt: now, load } = (await node()) ?? {};
      return now !== lastSeenAt && load?.disk?.state === 'full';
    });
    expect(product.recorders).toEqual(recorders);

    const before = new Map(
      await Promise.all(names.map(async (name) => [name, (await segmentsOf(name)).length] as const)),
    );
    await rm(join(small.folder, 'foreign'));
    const freed = performance.now();
    await waitUntil('both are recorded again', () => origin.watching === 2);
    console.info(`recorded again ${((performance.now() - freed) / 1_000).toFixed(1)} s after there was room`);
    for (const name of recording)
      await waitUntil(
        `${name} has more segments`,
        async () => (await segmentsOf(name)).length > (before.get(name) ?? 0) + 2,
      );
    await waitUntil('the reserve is there again', () => reserveNow() === reserve);
    await waitUntil('the film is made', async () =>
      (await runs()).every(({ endedAt, state }) => endedAt !== null && state === 'succeeded'),
    );
    expect(product.recorders).toEqual(recorders);
    expect(isAlive(product.nodePid) && isAlive(product.controlPid)).toBe(true);

    origin.goOffline();
    await waitUntil('nobody is connected', () => origin.watching === 0);
    for (const name of recording) await product.api('POST', `/api/v1/channels/${channels.get(name)}/stop`);
    await waitUntil('all broadcasts are over', async () => {
      const all = await product.all<Broadcast>('/api/v1/broadcasts');
      return all.length === 3 && all.every(({ state }) => state === 'ended');
    });
    for (const name of names) await expectWhole(name);
    await expectFewWords();
  }, 600_000);

  /** Each segment plays and has what is told of it; what is missing is listed. */
  async function expectWhole(name: string): Promise<void> {
    const [timeline, ...more] = await timelinesOf(name);
    expect(more).toEqual([]);
    if (!timeline) throw new Error('There is no broadcast.');
    const recorded: number[] = [];
    for (const segment of timeline.segments) recorded.push(...(await expectPlays(name, segment)));
    const numbers = [...new Set(recorded)].sort((a, b) => a - b);
    const missing = numbers.reduce((sum, n, index) => sum + n - (numbers[index - 1] ?? n - 1) - 1, 0);
    // A hole is measured by the wall: the first picture behind it may be late by what the machine was busy.
    const listed = timeline.gaps.reduce((sum, { ms }) => sum + ms, 0);
    console.info(`${name}: ${numbers.length} pictures, ${missing * frameMs} ms missing, ${listed} ms listed`);
    expect(Math.abs(listed - missing * frameMs)).toBeLessThanOrEqual(500 * Math.max(1, timeline.gaps.length));
    if (name === 'third') expect(missing).toBe(0);
    else {
      expect(missing).toBeGreaterThan(0);
      expect(timeline.takes.length).toBeGreaterThan(1);
      expect(timeline.gaps.map(({ why }) => why)).toContain('disk');
    }
  }

  async function expectPlays(name: string, { artifactId, videoFrames, size }: Segment): Promise<number[]> {
    const answer = await product.fetch(`/api/v1/artifacts/${artifactId}/content`);
    expect(answer.status).toBe(200);
    const bytes = Buffer.from(await answer.arrayBuffer());
    expect(bytes.length).toBe(size);
    const file = join(scratch, `${name}.flv`);
    await writeFile(file, bytes);
    expect(countPackets(file)).toMatchObject({ video: videoFrames, errors: '' });
    expect(complaintsOf(file)).toBe('');
    expect(videoFrames).toBeGreaterThan(0);
    return serialsIn(bytes);
  }

  /** One word for people, whatever the disk did; and of each channel one fact. */
  async function expectFewWords(): Promise<void> {
    const events = await product.all<Event>('/api/v1/events');
    expect(events.filter(({ kind }) => /^disk\./.test(kind)).map(({ kind }) => kind)).toEqual(['disk.low']);
    const facts = events.filter(({ kind }) => kind === 'recordings.disk');
    const told = (name: string) =>
      facts.filter(({ body }) => (body as { channelId: string }).channelId === channels.get(name)).length;
    expect([told('first'), told('second'), told('third')]).toEqual([1, 1, 0]);
  }
});
