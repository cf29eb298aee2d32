import { readFileSync } from 'node:fs';
import type { App, Instance } from '@backlot/streams/contract';
import type { SessionPlayer } from '@backlot/streams/testing/session-player';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import {
  createDemoApp,
  nodesOf,
  openAndSee,
  openInstances,
  sessionOf,
  waitForStreamsNode,
} from './streams.ts';

/**
 * People play while the application, its runner, the agent and the control plane are killed with SIGKILL at random.
 * Who plays on a process that was not killed must not notice in the picture: its frame numbers go on, on the same
 * connection. Who plays on one that was is told so, and nothing is left over or booked twice.
 */
const sessions = Number(process.env.BACKLOT_CHAOS_SESSIONS ?? 10);
const rounds = Number(process.env.BACKLOT_CHAOS_BLOWS ?? 5);
const seed = Number(process.env.BACKLOT_CHAOS_SEED ?? Date.now() % 100_000);
/** An orphan is gone within 30 s; three times that for a machine that tests much beside this. */
const orphanMs = 90_000;

let studio: Studio;
let app: App;
let players: SessionPlayer[] = [];
beforeAll(async () => {
  studio = await startStudio();
  await waitForStreamsNode(studio);
  app = await createDemoApp(studio, 'chaos');
});
afterAll(async () => {
  for (const player of players) player.close();
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

const victims = ['app', 'runner', 'agent', 'control'] as const;
type Victim = (typeof victims)[number];

/** mulberry32, so that a failure can be repeated by its seed. */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) >>> 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;

/** Kills one of a kind. For an application and its runner: whose it was. */
async function kill(victim: Victim, instances: readonly Instance[]): Promise<Instance | undefined> {
  if (victim === 'agent' || victim === 'control') {
    const pid = await waitUntil(`${victim} runs`, async () => (await studio.pids())[victim]);
    process.kill(pid, 'SIGKILL');
    return undefined;
  }
  const instance = pick(instances);
  const allocation = instance.allocationId ?? '';
  const application = await waitUntil('the application is seen', () => applicationOf(allocation));
  const pid = victim === 'app' ? application : parentOf(application);
  process.kill(pid, 'SIGKILL');
  return instance;
}

function applicationOf(allocation: string): number | undefined {
  return processesOf(allocation).find(({ command }) => /demo-main/.test(command))?.pid;
}
function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

const plays = async (player: SessionPlayer) => {
  const before = player.frameNumber ?? 0;
  await waitUntil('the picture goes on', () => (player.frameNumber ?? 0) > before + 10);
};

/** What a player knows of its end, for a person who reads why a round failed. */
const fateOf = ({ sessionId, ended, returns, socketClosed, signals }: SessionPlayer) =>
  `${sessionId} ${JSON.stringify({ ended, returns, socketClosed, last: signals.slice(-3) })}`;

it(`leaves sessions as they were, or ends them for the right reason, in ${rounds} rounds (seed ${seed})`, async () => {
  const story: string[] = [`seed ${seed}`];
  const allocations = new Set<string>();
  /** Sessions that lost their application: what was killed, and what their people were told of it, if they were there. */
  const ended = new Map<string, { readonly victim: Victim; readonly told: string | undefined }>();
  const judge = async () => {
    while (players.length < sessions) players.push(await openAndSee(studio, 'chaos'));
    for (let round = 0; round < rounds; round += 1) {
      const instances = await waitUntil('each session has its instance', async () => {
        const open = await openInstances(studio, app);
        const used = open.filter(({ state: at }) => at === 'assigned');
        // Before it is active, a session that loses its instance is given another one instead of an end.
        const playing = await Promise.all(used.map(({ sessionId }) => sessionOf(studio, sessionId ?? '')));
        if (used.length === sessions && used.every(({ allocationId }) => allocationId)) {
          if (playing.every((session) => session.state === 'active')) return used;
        }
        const states = playing.map(({ id, state: at }) => `${id} ${at}`);
        const instances = open.map(({ id, sessionId, state: at }) => `${id} ${at} for ${sessionId}`);
        throw new Error([`${used.length} of ${sessions} are used`, ...instances, ...states].join('\n'));
      });
      for (const { allocationId } of instances) allocations.add(allocationId ?? '');
      // Now and then two of them at once: each must also be borne while the other is away.
      const blows = random() < 0.3 ? [pick(victims), pick(victims)] : [pick(victims)];
      const hit = new Map<string, Victim>();
      for (const victim of blows) {
        const left = instances.filter(({ id }) => !hit.has(id));
        const instance = await kill(victim, left);
        story.push(`round ${round}: ${victim} ${instance?.sessionId ?? ''}`);
        if (instance) hit.set(instance.id, victim);
      }
      const lost = new Map(
        instances.flatMap(({ id, sessionId }) => {
          const victim = hit.get(id);
          return victim && sessionId ? [[sessionId, victim] as const] : [];
        }),
      );

      const spared = players.filter(({ sessionId }) => !lost.has(sessionId ?? ''));
      await Promise.all(spared.map(plays));
      for (const player of spared) {
        expect(player.restarted, 'the same process goes on').toBe(false);
        await waitUntil('its connection stands', () => player.state === 'connected');
      }
      for (const [id, victim] of lost) {
        const player = players.find(({ sessionId }) => sessionId === id);
        // Told as it ends; whoever was cut off meanwhile is told at the door that it has ended, and may look why.
        await waitUntil('who lost the application is told', () => player?.over);
        ended.set(id, { victim, told: player?.ended?.reason });
        player?.close();
      }
      await waitUntil(
        'nothing is left of what was killed',
        () =>
          instances
            .filter(({ id }) => hit.has(id))
            .every(({ allocationId }) => processesOf(allocationId ?? '').length === 0),
        { limitMs: orphanMs },
      );
      // Whose sockets were cut is back.
      await waitUntil('all that play are connected', () => {
        const away = spared.filter(({ socketClosed }) => socketClosed);
        if (away.length === 0) return true;
        throw new Error(`away are ${away.map(fateOf).join('\n')}`);
      });
      players = spared;
      while (players.length < sessions) players.push(await openAndSee(studio, 'chaos'));
    }
  };
  await judge().catch((error: unknown) => {
    throw new Error(`${String(error)}\n${story.join('\n')}`, { cause: error });
  });

  // What people were told is what is on record, and it is the right reason: that a runner is gone is the machine's fault
  // and not the application's.
  for (const [id, { victim, told }] of ended) {
    const { end } = await waitUntil('the end is on record', async () => {
      const session = await sessionOf(studio, id);
      return session.state === 'ended' ? session : undefined;
    });
    expect(end?.reason, story.join('\n')).toBe(victim === 'app' ? 'crashed' : 'node-lost');
    if (told !== undefined) expect(told).toBe(end?.reason);
  }

  // Slots add up: what is booked is what runs, no more and no less.
  const open = await openInstances(studio, app);
  const [node] = await nodesOf(studio);
  expect(node?.allocations.map(({ id }) => id).sort()).toEqual(open.map((i) => i.allocationId).sort());
  expect(node?.used?.cpu).toBeCloseTo(0.1 * open.length, 6);
  expect(node?.used?.memory).toBe(256 * 1024 * 1024 * open.length);

  for (const player of players) player.close();
  await studio.api('PATCH', `/api/v1/streams/apps/${app.id}`, { enabled: false });
  await waitUntil('all is free again', async () => {
    const [left] = await nodesOf(studio);
    return left?.allocations.length === 0 && (left.used?.cpu ?? 1) < 1e-6 && left.used?.memory === 0;
  });
  await waitUntil(
    'no process of any instance is left',
    () => [...allocations].every((allocation) => processesOf(allocation).length === 0),
    { limitMs: orphanMs },
  );
}, 900_000);
