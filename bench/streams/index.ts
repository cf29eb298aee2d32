import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { type Installation, openInstallation } from './installation.ts';
import { percentile } from './percentile.ts';
import { BenchPlayer } from './players.ts';
import { measureRelay, type RelayFigures } from './relay.ts';

export interface BenchOptions {
  /** Idle players, 2,000 unless told. */
  readonly tasks?: number;
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

/**
 * `relayRatio`: against a relay that does the least that every server of this protocol does for a message (parse, find,
 * set `playerId`, write). The reference server does that and logs every message, which is half of its CPU; so a ratio of
 * one is half of the reference's.
 */
const BARS = { relayRatio: 1, warmP99Ms: 50, bytesPerPlayer: 16_000, stormMs: 1_000 };
const WARM_JOINS = 200;
const COLD_JOINS = 30;
const STREAMERS = 200;
const STORM_PLAYERS = 500;
/** Handshakes at the same time while nothing is measured. */
const SIDE_BY_SIDE = 20;
const SETTLE_MS = 4_000;

/**
 * What signalling and sessions cost: the relay against the least that a relay can do, then a whole control plane with a
 * durable database and its usual logging, and a simulated node whose streamers connect and offer as Unreal's do.
 */
export async function run({ tasks = 2_000, signal, report }: BenchOptions) {
  report('Relaying, in turns with a minimal relay');
  const relays: Record<'ours' | 'baseline', RelayFigures[]> = { ours: [], baseline: [] };
  for (let turn = 0; turn < 3; turn += 1) {
    for (const kind of ['ours', 'baseline'] as const) {
      const logFile = join(tmpdir(), `backlot-bench-relay-${process.pid}.log`);
      relays[kind].push(await measureRelay(kind, { pairs: 20, rounds: 150, logFile, signal }));
    }
  }
  const median = (kind: 'ours' | 'baseline', figure: keyof RelayFigures) =>
    percentile(
      relays[kind].map((one) => one[figure]),
      50,
    );
  const ratio = median('ours', 'cpuPerThousand') / median('baseline', 'cpuPerThousand');

  report('Starting a database, a control plane and a simulated node');
  const house = await openInstallation(signal);
  try {
    const joins = await measureJoins(house, { signal, report });
    const crowd = await measureCrowd(house, { tasks, signal, report });
    return {
      measured: {
        relayRoundTripP50Ms: round(median('ours', 'roundTripP50Ms'), 3),
        relayRoundTripP99Ms: round(median('ours', 'roundTripP99Ms'), 3),
        relayCpuMicrosPerMessage: round(median('ours', 'cpuPerThousand') / 1_000, 2),
        minimalRelayCpuMicrosPerMessage: round(median('baseline', 'cpuPerThousand') / 1_000, 2),
        ...joins,
        ...crowd,
      },
      bars: [
        bar('CPU of the relay against a minimal one', BARS.relayRatio, round(ratio, 2), ''),
        bar('join to offer from the warm pool, p99', BARS.warmP99Ms, joins.warmP99Ms, ' ms'),
        bar(
          'memory per idle player, socket included',
          BARS.bytesPerPlayer,
          crowd.bytesPerIdlePlayer,
          ' bytes',
        ),
        bar(
          `${STREAMERS} streamers and ${STORM_PLAYERS} players are back`,
          BARS.stormMs,
          crowd.stormMs,
          ' ms',
        ),
      ],
    };
  } finally {
    await house.close();
  }
}

const playerUrl = (house: Installation, app: string, query: Record<string, string> = {}) =>
  `${house.url.replace(/^http/, 'ws')}/signal/player/${app}?${new URLSearchParams({ extensions: '1', ...query })}`;

/** One person after the other opens the link and is shown the stream. */
async function measureJoins(house: Installation, { signal, report }: BenchOptions) {
  report(`${WARM_JOINS} people join, from the warm pool`);
  await house.addApp('warm', { name: 'Warm', warm: 20, maxInstances: 1_000 });
  const warm: number[] = [];
  for (let join = 0; join < WARM_JOINS; join += 1) {
    warm.push(await joinOnce(house, 'warm', signal));
    // A person a moment; the instance that was used is made fresh meanwhile.
    await systemClock.sleep(20, signal);
  }
  report(`${COLD_JOINS} people join where nothing runs yet`);
  await house.addApp('cold', { name: 'Cold', warm: 0, maxInstances: 1_000 });
  const cold: number[] = [];
  const kept: BenchPlayer[] = [];
  for (let join = 0; join < COLD_JOINS; join += 1) {
    const player = new BenchPlayer();
    kept.push(player); // Stays, so that the next one finds nothing free.
    player.connect(playerUrl(house, 'cold'));
    await player.until(() => player.offerMs !== undefined, signal);
    cold.push(player.offerMs ?? Number.NaN);
  }
  for (const player of kept) player.leave();
  return {
    warmP50Ms: round(percentile(warm, 50), 1),
    warmP99Ms: round(percentile(warm, 99), 1),
    coldP50Ms: round(percentile(cold, 50), 1),
    coldP99Ms: round(percentile(cold, 99), 1),
  };
}

async function joinOnce(house: Installation, app: string, signal: AbortSignal): Promise<number> {
  const player = new BenchPlayer();
  player.connect(playerUrl(house, app));
  await player.until(() => player.offerMs !== undefined, signal);
  player.leave();
  return player.offerMs ?? Number.NaN;
}

/** Many instances with one in control each, then viewers: memory of each, and all of them at once after a break. */
async function measureCrowd(
  house: Installation,
  { tasks, signal, report }: BenchOptions & { readonly tasks: number },
) {
  report(`Starting ${STREAMERS} instances`);
  await house.setWarm('warm', 0);
  // No more than these, and not all in one moment: how fast instances start is not what is measured here.
  await house.addApp('crowd', {
    name: 'Crowd',
    warm: STREAMERS / 4,
    maxInstances: STREAMERS,
    limits: { viewers: 1_000 },
  });
  for (const quarter of [2, 3, 4]) {
    const warm = (quarter * STREAMERS) / 4;
    await house.setWarm('crowd', warm);
    await house.untilConnected(warm);
  }
  const controllers = await joinAll(house, Array(STREAMERS).fill({}), signal);
  await house.setWarm('crowd', 0);
  const sessions = controllers.map(({ session }) => session?.sessionId ?? '');
  const watch = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ sessionId: sessions[index % sessions.length] ?? '' }));

  const viewers = await joinAll(house, watch(STORM_PLAYERS - STREAMERS), signal);
  report(`${STREAMERS} streamers and ${STORM_PLAYERS} players come back at once`);
  const stormMs: number[] = [];
  for (let storm = 0; storm < 3; storm += 1) {
    await systemClock.sleep(SETTLE_MS, signal);
    stormMs.push(await breakAndReturn(house, [...controllers, ...viewers], signal));
  }

  await systemClock.sleep(SETTLE_MS, signal);
  const before = await house.measure();
  report(`${tasks} more players watch`);
  const begun = systemClock.monotonic();
  const idle = await joinAll(house, watch(tasks), signal);
  const joinedMs = systemClock.monotonic() - begun;
  await systemClock.sleep(SETTLE_MS, signal);
  const after = await house.measure();
  const bytes = after.heapUsed + after.external - before.heapUsed - before.external;
  const left = [...controllers, ...viewers, ...idle].filter(({ closed }) => closed !== undefined).length;
  for (const player of [...idle, ...viewers, ...controllers]) player.cut();
  if (left > 0) {
    const ends = JSON.stringify(await house.ends('crowd'));
    throw new Error(`${left} players were disconnected while they were counted; sessions ended: ${ends}`);
  }
  return {
    joinsPerSecond: Math.round(tasks / (joinedMs / 1_000)),
    bytesPerIdlePlayer: Math.round(bytes / tasks),
    residentBytesPerIdlePlayer: Math.round((after.rss - before.rss) / tasks),
    stormMs: Math.round(percentile(stormMs, 50)),
    stormsMs: stormMs.map(Math.round).join(' '),
  };
}

async function joinAll(
  house: Installation,
  queries: readonly Record<string, string>[],
  signal: AbortSignal,
): Promise<BenchPlayer[]> {
  const players: BenchPlayer[] = [];
  const waiting = [...queries];
  const next = async (): Promise<void> => {
    for (let query = waiting.shift(); query; query = waiting.shift()) {
      const player = new BenchPlayer();
      players.push(player);
      player.connect(playerUrl(house, 'crowd', query));
      await player.until(() => player.offerMs !== undefined, signal);
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, next));
  return players;
}

/** Every socket breaks; then all come back in the same moment. Resolves with how long the last one took. */
async function breakAndReturn(
  house: Installation,
  players: readonly BenchPlayer[],
  signal: AbortSignal,
): Promise<number> {
  for (const player of players) player.cut();
  house.cutStreamers(); // They come back after half a second.
  await systemClock.sleep(500, signal);
  const begun = systemClock.monotonic();
  for (const player of players) {
    const { session, stream = '' } = player;
    player.connect(playerUrl(house, 'crowd', { session: session?.token ?? '', resume: stream }));
  }
  await Promise.all([
    ...players.map((player) => player.until(() => player.isReady, signal)),
    house.untilConnected(STREAMERS),
  ]);
  return systemClock.monotonic() - begun;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function bar(name: string, limit: number, found: number, unit: string) {
  return { name, wanted: `<= ${limit}${unit}`, found: `${found}${unit}`, ok: found <= limit };
}
