import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Event, FlowRun, FlowRunDetail, Project, TaskDetail } from '@backlot/contract';
import {
  type Broadcast,
  type Channel,
  FILM_KIND,
  type Segment,
  type Timeline,
} from '@backlot/recordings/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { countPackets } from '../../workloads/recordings/test/sources/listeners.ts';
import { serialsIn } from '../../workloads/recordings/test/sources/serial-stamp.ts';
import { readPes } from '../../workloads/recordings/test/sources/ts-packets.ts';
import { Hopeless, waitUntil } from '../system/wait-until.ts';
import { ProductParts } from './product-parts.ts';
import { frameMs, type TwentiethSource, TwentySources } from './twenty-sources.ts';

/**
 * The control plane is killed while twenty channels are recorded, and is away for as long as the node needs to become alone,
 * to end broadcasts, to run their flows, and to lose its agent in the middle. Then everything must be there once: each picture
 * that a source sent, each fact, each run, each file. BACKLOT_CHAOS=full makes it ten real minutes, with the product's own
 * thirty seconds before a node is alone.
 */
const full = process.env.BACKLOT_CHAOS === 'full';
const awayMs = full ? 600_000 : 0;
/** Two, so that one agent runs a flow more than once. */
const rounds = full ? 5 : 2;
/** Long enough to see all of it, and never so long that a film runs out. */
const filmS = full ? 1_200 : 450;
/** A machine that tests much beside it is slow; what is waited for is that it comes. */
const patience = { limitMs: 300_000 };

let product: ProductParts;
let sources: TwentySources;
let vault: string;
let projectId: string;
const channels = new Map<string, { readonly id: string; readonly of: TwentiethSource }>();
const ending = () => [...channels.values()].filter(({ of }) => of.manner === 'ending');

beforeAll(async () => {
  vault = `/tmp/backlot-vault-${process.pid}`;
  await mkdir(vault);
  product = await ProductParts.start({
    ...(full ? {} : { aloneAfterMs: 2_000 }),
    nodeEnv: {
      BACKLOT_DELIVERY_FOLDERS: vault,
      BACKLOT_INGEST_HOST: '127.0.0.1',
      BACKLOT_INGEST_PORT: String(20_000 + (process.pid % 10_000)),
    },
  });
  sources = await TwentySources.open(join(product.folder, 'sources'), filmS);
}, 300_000);
afterAll(async () => {
  await sources?.close();
  const leftovers = await product?.close();
  await rm(vault, { recursive: true, force: true });
  expect(leftovers).toEqual([]);
}, 120_000);

/** A channel for each source; a flow behind those that end. */
async function addChannels(): Promise<void> {
  projectId = (await product.all<Project>('/api/v1/projects'))[0]?.id ?? '';
  await product.api('POST', '/api/v1/delivery-targets', {
    projectId,
    name: 'vault',
    kind: 'folder',
    settings: { path: vault },
  });
  const flow = await product.api<{ id: string }>('POST', '/api/v1/flows', {
    projectId,
    definition: {
      version: 1,
      name: 'archive',
      // The own flow of channels; as one of the project it waits for a channel that is not there.
      trigger: { kind: 'recordings.broadcast-ended', with: { channels: [crypto.randomUUID()] } },
      steps: [
        { id: 'film', kind: 'recordings.join', in: { segments: 'trigger.segments' } },
        {
          id: 'upload',
          kind: 'deliveries.upload',
          in: { file: 'film.film' },
          with: { target: 'vault', path: '{{trigger.channel}}/{{trigger.broadcast}}.mp4' },
        },
        { id: 'verify', kind: 'deliveries.verify', in: { file: 'film.film', copy: 'upload.copy' } },
      ],
    },
  });
  for (const of of sources.sources) {
    const { id } = await product.api<Channel>('POST', '/api/v1/channels', {
      projectId,
      name: of.name,
      source: of.source,
      segmentMs: 5_000,
      expectedBitrate: 200_000,
      silenceMs: of.manner === 'ending' ? 3_000 : 3_600_000,
      flow: of.manner === 'ending' ? { flowId: flow.id } : null,
    });
    channels.set(of.name, { id, of });
    if (of.manner !== 'pushed') continue;
    const { server, key } = await waitUntil('a node takes what is pushed', async () => {
      const ingest = await product.api<{ server: string | null; key: string }>(
        'GET',
        `/api/v1/channels/${id}/ingest`,
      );
      return ingest.server !== null && { ...ingest, server: ingest.server };
    });
    sources.publish(`${server}/${key}`);
  }
}

const journals = async () => {
  const folder = join(product.nodeDir, 'deputy', 'runs');
  const read = (run: string) => readFile(join(folder, run, 'journal'), 'utf8').catch(() => '');
  return (await Promise.all((await readdir(folder)).map(read))).join('');
};
const count = (text: string, what: RegExp) => [...text.matchAll(what)].length;
/** Runs that the node has begun for itself, and such whose last step has ended. */
const begun = async () => count(await journals(), /"r":"begun"/g);
const done = async () => {
  const text = await journals();
  const left = /"r":"left".*/.exec(text);
  if (left) throw new Hopeless(`The node has left a step to the control plane: ${left[0]}`);
  return count(text, /"r":"ended","step":"verify"/g);
};

const broadcastsOf = (channelId: string) =>
  product.all<Broadcast>(`/api/v1/broadcasts?channelId=${channelId}`);
const runsOfFlow = () => product.all<FlowRun>('/api/v1/flow-runs');

/** The pictures in a segment, read as anybody would: from the node that holds it, through the control plane. */
async function picturesIn({ artifactId, container }: Segment): Promise<number[]> {
  const answer = await product.fetch(`/api/v1/artifacts/${artifactId}/content`);
  if (!answer.ok) throw new Error(`${artifactId}: ${answer.status} ${await answer.text()}`);
  const bytes = Buffer.from(await answer.arrayBuffer());
  return serialsIn(container === 'ts' ? Buffer.concat(readPes(bytes).map(({ payload }) => payload)) : bytes);
}

/** What is recorded of a broadcast, take by take. */
async function recordedTakes({ takes, segments }: Timeline): Promise<{ take: string; pictures: number[] }[]> {
  const found = new Map(takes.map(({ id }) => [id, [] as { number: number; pictures: number[] }[]]));
  for (const segment of segments)
    found.get(segment.takeId)?.push({ number: segment.number, pictures: await picturesIn(segment) });
  return takes
    .toSorted((a, b) => a.number - b.number)
    .map(({ id }) => ({
      take: id,
      pictures: (found.get(id) ?? [])
        .toSorted((a, b) => a.number - b.number)
        .flatMap(({ pictures }) => pictures),
    }));
}

describe('the control plane, killed while twenty channels are recorded', () => {
  it(
    'is told everything once when it is back: pictures, facts, runs and files',
    async () => {
      await addChannels();
      await waitUntil(
        'all are recorded',
        async () => {
          const all = await product.all<Channel>('/api/v1/channels');
          return all.length === 20 && all.every(({ state }) => state === 'live');
        },
        patience,
      );
      const entrusted = () => readdir(join(product.nodeDir, 'deputy', 'entrusted'));
      await waitUntil(
        'the node has been given the flow',
        async () => (await entrusted()).length === 3,
        patience,
      );
      const recorders = product.recorders;
      expect(recorders).toHaveLength(2);

      await product.kill('control');
      const since = performance.now();
      for (let round = 1; round <= rounds; round += 1) {
        sources.dropping.drop();
        sources.ending.goOffline();
        await waitUntil(
          `runs of round ${round} have begun`,
          async () => (await begun()) === 3 * round,
          patience,
        );
        // Live again, while the flows of what has ended run.
        sources.ending.goLive();
        await waitUntil(
          'they are recorded again',
          () => sources.watched('ending') && sources.watched('dropping'),
          patience,
        );
        if (round > 1) continue;
        await product.kill('node');
        // Nobody is there at all: a source has an outage, which will be a hole.
        sources.dropping.goOffline();
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        sources.dropping.goLive();
        await waitUntil('it is recorded again', () => sources.watched('dropping'), patience);
        product.startNode();
      }
      await waitUntil(
        'the node has done its runs',
        async () =>
          (await done()) === 3 * rounds || Promise.reject(new Error((await journals()).slice(-3_000))),
        patience,
      );
      await waitUntil('the time is up', () => performance.now() - since >= awayMs, {
        limitMs: awayMs + 1_000,
      });
      expect(product.recorders).toEqual(recorders);
      console.info(`away for ${((performance.now() - since) / 1_000).toFixed(1)} s`);

      await product.startControl();
      await waitUntil(
        'it has taken in the runs',
        async () => {
          const all = await runsOfFlow();
          return all.length === 3 * rounds && all.every(({ endedAt }) => endedAt !== null);
        },
        patience,
      );
      await waitUntil(
        'it knows who is live',
        async () => {
          const all = await product.all<Channel>('/api/v1/channels');
          return all.every(({ state }) => state === 'live');
        },
        patience,
      );

      await sources.endAll();
      await waitUntil(
        'what ended has its runs',
        async () => {
          const all = await runsOfFlow();
          return all.length === 3 * (rounds + 1) && all.every(({ endedAt }) => endedAt !== null);
        },
        patience,
      );
      for (const { id } of channels.values()) await product.api('POST', `/api/v1/channels/${id}/stop`);
      await waitUntil(
        'all broadcasts are over',
        async () => {
          const all = await product.all<Broadcast>('/api/v1/broadcasts');
          return all.length === 20 + 3 * rounds && all.every(({ state }) => state === 'ended');
        },
        patience,
      );

      await expectEveryPicture();
      await expectEveryFactOnce();
      await expectEveryRunOnce();
    },
    full ? 2_400_000 : 1_200_000,
  );
});

const timelines = new Map<string, Timeline[]>();

async function expectEveryPicture(): Promise<void> {
  let pictures = 0;
  let missing = 0;
  for (const [name, { id, of }] of channels) {
    const list = (await broadcastsOf(id)).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
    const told = await Promise.all(
      list.map((one) => product.api<Timeline>('GET', `/api/v1/broadcasts/${one.id}/timeline`)),
    );
    timelines.set(name, told);
    expect(told, name).toHaveLength(of.manner === 'ending' ? rounds + 1 : 1);
    const recorded: number[][] = [];
    for (const timeline of told) {
      const takes = (await recordedTakes(timeline)).map((one) => one.pictures);
      recorded.push(...takes);
      // A hole is measured by the wall: the first picture behind it may be late by what the machine was busy.
      const holes = holesOf(takes);
      const listed = timeline.gaps.reduce((sum, { ms }) => sum + ms, 0);
      expect(
        Math.abs(listed - holes),
        `${name}: holes of ${holes} ms, listed ${listed} ms`,
      ).toBeLessThanOrEqual(500 * Math.max(1, timeline.gaps.length));
      expect(Math.abs(timeline.broadcast.lossMs - listed)).toBeLessThanOrEqual(1);
      missing += holes;
    }
    const given = sources.given(of, recorded[0]?.[0] ?? 0);
    expect(summary(recorded), name).toEqual(summary(given));
    expect(recorded, name).toEqual(given);
    pictures += given.flat().length;
  }
  console.info(`${pictures} pictures sent, each recorded once; outages of ${missing} ms listed`);
}

/** First, last and number of the pictures of each connection: what a person looks at first. */
const summary = (lists: readonly (readonly number[])[]) =>
  lists.map((numbers) => `${numbers[0]} to ${numbers.at(-1)}: ${numbers.length}`);

/** Milliseconds that none of the takes has. */
function holesOf(takes: readonly (readonly number[])[]): number {
  const numbers = [...new Set(takes.flat())].sort((a, b) => a - b);
  return numbers.reduce((ms, n, index) => ms + (n - (numbers[index - 1] ?? n - 1) - 1) * frameMs, 0);
}

async function expectEveryFactOnce(): Promise<void> {
  const facts = new Map<string, Event[]>();
  const kinds = [
    'broadcast.started',
    'broadcast.ended',
    'broadcast.closed',
    'take.started',
    'take.ended',
    'gap',
  ];
  for (const kind of kinds)
    facts.set(kind, await product.all<Event>(`/api/v1/events?kind=recordings.${kind}`));
  const closed = (facts.get('broadcast.closed') ?? []).map(({ subject }) => subject.id).toSorted();
  const broadcasts = [...timelines.values()].flatMap((told) => told.map(({ broadcast }) => broadcast.id));
  expect(closed).toEqual(broadcasts.toSorted());
  for (const [name, { id, of: source }] of channels) {
    const of = (kind: string) =>
      (facts.get(kind) ?? []).filter(({ body }) => (body as { channelId?: string }).channelId === id);
    const ids = (kind: string, field: string) =>
      of(kind).map(({ body }) => String((body as Record<string, unknown>)[field]));
    const told = timelines.get(name) ?? [];
    expect(of('broadcast.started'), name).toHaveLength(told.length);
    // A node says that a broadcast is over; of one that a person has stopped the control plane knows it itself.
    const over = source.manner === 'ending' ? ids('broadcast.started', 'broadcast').toSorted() : [];
    expect(ids('broadcast.ended', 'broadcast').toSorted(), name).toEqual(over);
    const takes = told.flatMap((timeline) => timeline.takes.map((take) => take.id)).sort();
    expect(new Set(takes).size, name).toBe(takes.length);
    expect(ids('take.started', 'take').sort(), name).toEqual(takes);
    expect(ids('take.ended', 'take').sort(), name).toEqual(takes);
    expect(of('gap'), name).toHaveLength(told.flatMap(({ gaps }) => gaps).length);
    // In the order in which they happened: a take ends after it has begun, and before the next begins.
    const order = ['take.started', 'take.ended']
      .flatMap((kind) =>
        of(kind).map(({ seq, body }) => ({ seq, kind, number: (body as { number: number }).number })),
      )
      .toSorted((a, b) => a.seq - b.seq);
    expect(
      order.map(({ kind }) => kind),
      name,
    ).toEqual(order.map((_, index) => (index % 2 === 0 ? 'take.started' : 'take.ended')));
  }
}

async function expectEveryRunOnce(): Promise<void> {
  const runs = await runsOfFlow();
  expect(runs.filter(({ aloneOn }) => aloneOn !== null)).toHaveLength(3 * rounds);
  expect(new Set(runs.map(({ key }) => key)).size).toBe(runs.length);
  for (const { id } of runs) {
    const run = await product.api<FlowRunDetail>('GET', `/api/v1/flow-runs/${id}`);
    expect(run.state, JSON.stringify(run.failure)).toBe('succeeded');
    expect(run.steps.map(({ key, state }) => `${key} ${state}`)).toEqual([
      'film succeeded',
      'upload succeeded',
      'verify succeeded',
    ]);
    for (const { task } of run.steps) {
      const { allocations } = await product.api<TaskDetail>('GET', `/api/v1/tasks/${task?.id}`);
      expect(allocations.map(({ outcome }) => outcome)).toEqual(['ok']);
    }
  }
  for (const { of } of ending()) {
    const told = timelines.get(of.name) ?? [];
    const films = (await readdir(join(vault, of.name))).toSorted();
    expect(films).toHaveLength(rounds + 1);
    const packets = films
      .map((film) => countPackets(join(vault, of.name, film)).video)
      .toSorted((a, b) => a - b);
    const inFilms: number[] = [];
    for (const timeline of told) {
      // One film for each, published once; the segments are still there.
      const made = timeline.files.filter(({ kind }) => kind === FILM_KIND);
      expect(made).toHaveLength(1);
      const { videoFrames = 0, leading = 0, disordered } = (made[0]?.meta ?? {}) as Record<string, number>;
      const recorded = new Set((await recordedTakes(timeline)).flatMap(({ pictures }) => pictures)).size;
      // What a connection brought before its first keyframe nobody can show: a film begins behind it, and says so.
      expect(recorded - videoFrames).toBeGreaterThanOrEqual(0);
      expect(recorded - videoFrames).toBeLessThanOrEqual(leading);
      expect(disordered ?? 0).toBe(0);
      inFilms.push(videoFrames);
    }
    expect(packets).toEqual(inFilms.toSorted((a, b) => a - b));
  }
}
