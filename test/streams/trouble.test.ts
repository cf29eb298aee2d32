import type { TaskDetail } from '@backlot/contract';
import type { App, Instance } from '@backlot/streams/contract';
import { openSession } from '@backlot/streams/testing/session-player';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all } from '../system/jobs.ts';
import { isAlive, processesOf } from '../system/processes.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';
import {
  createDemoApp,
  demoRecipe,
  nodesOf,
  openAndSee,
  openInstances,
  waitForStreamsNode,
} from './streams.ts';

/** Applications with which something is wrong, in the whole product: nobody waits for ever, and nothing runs in circles. */
let studio: Studio;
beforeAll(async () => {
  studio = await startStudio();
  await waitForStreamsNode(studio);
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

/**
 * SIGSTOP keeps its sockets open and lets it say nothing any more, as if its machine had vanished. It must be found by its
 * silence, and the only place that its app has must be somebody else's then.
 */
it('finds an application that is silent with its connection open, tells its viewer, and gives its place to the next', async () => {
  const app: App = await createDemoApp(studio, 'silent', { maxInstances: 1 });
  const first = await openAndSee(studio, 'silent');
  const [instance] = await openInstances(studio, app);
  const allocation = instance?.allocationId ?? '';
  const application = processesOf(allocation).find(({ command }) => /demo-main/.test(command));
  expect(application).toBeDefined();
  process.kill(application?.pid ?? -1, 'SIGSTOP');

  // Pinged every 10 s: silent for two of them is gone.
  await waitUntil(
    'its silence is noticed',
    async () => (await openInstances(studio, app)).some(({ connected }) => !connected),
    { limitMs: 90_000 },
  );
  // Its picture stands still as well, so nothing is left that would be worth keeping for its viewer.
  await waitUntil('its viewer is told', () => first.ended, { limitMs: 120_000 });
  expect(first.ended?.reason).toBe('crashed');
  first.close();
  await waitUntil('it was ended', () => !isAlive(application?.pid ?? -1));
  expect(processesOf(allocation)).toEqual([]);

  const second = await openAndSee(studio, 'silent');
  const open = await openInstances(studio, app);
  expect(open.map(({ id }) => id)).not.toContain(instance?.id);
  expect((await nodesOf(studio))[0]?.allocations.length).toBe(1);
  second.close();
  await waitUntil('all is over', async () => (await nodesOf(studio))[0]?.allocations.length === 0);
}, 240_000);

it('does not try a program again and again that no machine has, and says so to whoever waits', async () => {
  const recipe = {
    ...demoRecipe,
    launch: { argv: ['/no/such/Game', '{signallingUrl}'] as [string, ...string[]] },
  };
  const app = await createDemoApp(studio, 'missing', { recipe });
  const player = openSession({ baseUrl: studio.url, app: 'missing' });
  try {
    await waitUntil('who waits is told', () => player.ended, { limitMs: 120_000 });
    expect(player.ended?.reason).toBe('unavailable');
  } finally {
    player.close();
  }
  const instances = await all<Instance>(studio, `/api/v1/streams/instances?appId=${app.id}`);
  expect(instances.map(({ failure }) => failure?.reason.code)).toContain('streams.program_missing');
  // With back-off between them: a few tries, not as many as fit into the time.
  expect(instances.length).toBeLessThanOrEqual(6);
  for (const { taskId } of instances) {
    if (!taskId) continue;
    const { allocations } = await studio.api<TaskDetail>('GET', `/api/v1/tasks/${taskId}`);
    expect(allocations.length).toBe(1);
  }
  expect((await nodesOf(studio))[0]?.allocations).toEqual([]);
}, 240_000);
