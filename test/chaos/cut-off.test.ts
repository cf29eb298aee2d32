import type { AuditEntry, Event, NodeView } from '@backlot/contract';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { all, artifactsOf, submit, taskOf, tasksOf, waitForJob } from '../system/jobs.ts';
import { isAlive } from '../system/processes.ts';
import { joinNode, type SecondNode } from '../system/second-node.ts';
import { type Studio, startStudio } from '../system/studio.ts';
import { waitUntil } from '../system/wait-until.ts';

/**
 * A node is cut off for longer than its lease (its agent is stopped with SIGSTOP, its work goes on), its work is
 * given to another node, and then it comes back with late results. They must be refused, that must be on record,
 * and every step must have been committed once.
 */
let studio: Studio;
let second: SecondNode;
beforeAll(async () => {
  studio = await startStudio({ flavour: 'tiny' });
  await studio.api('PUT', '/api/v1/pools/default', {
    selector: {},
    policy: {
      strategy: 'pack',
      preemption: true,
      lostAfterMs: { interactive: 2_000, live: 600_000, batch: 2_000 },
    },
  });
  second = await joinNode(studio, 'second');
});
afterAll(async () => {
  await second?.close();
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

it('refuses the late results of a node that was cut off, and has the work done elsewhere once', async () => {
  const job = await submit(studio, 'tiny.count', { parts: 1, steps: 30, stepMs: 200, cpu: 1 });
  const part = await waitUntil('the part runs and has committed something', async () => {
    const task = (await tasksOf(studio, job.id)).find((t) => t.kind === 'tiny.part' && t.state === 'running');
    return task?.allocation && (await artifactsOf(studio, job.id)).length > 1 ? task : undefined;
  });
  const first = part.allocation;
  if (!first) throw new Error('A running task has an allocation.');
  const agent = first.nodeId === second.nodeId ? second.agentPid : (await studio.pids()).agent;
  if (agent === undefined) throw new Error('The agent of the node is not running.');

  process.kill(agent, 'SIGSTOP');
  try {
    await waitUntil('the part was given to the other node', async () => {
      const { allocations } = await taskOf(studio, part.id);
      return (
        allocations.some((a) => a.id === first.id && a.outcome === 'lost') &&
        allocations.some((a) => a.nodeId !== first.nodeId)
      );
    });
  } finally {
    process.kill(agent, 'SIGCONT');
  }

  await waitForJob(studio, job.id, ['succeeded']);
  const { allocations } = await taskOf(studio, part.id);
  expect(allocations.filter((a) => a.outcome === 'ok').map((a) => a.nodeId)).toEqual([
    allocations.find((a) => a.nodeId !== first.nodeId)?.nodeId,
  ]);
  const names = (await artifactsOf(studio, job.id)).filter((a) => a.kind === 'step').map((a) => a.name);
  expect(names.length).toBe(30);
  expect(new Set(names).size).toBe(30);

  await waitUntil('the late report is on record', async () => {
    const events = await all<Event>(studio, `/api/v1/events?subjectId=${first.id}`);
    const audit = await all<AuditEntry>(studio, `/api/v1/audit?subjectId=${first.id}`);
    return (
      events.some((event) => event.kind === 'allocation.stale') &&
      audit.some((entry) => entry.actor.kind === 'node')
    );
  });
  await waitUntil('the node that came back has ended what it still ran', async () => {
    const { processesOf } = await import('../system/processes.ts');
    return processesOf(first.id).length === 0;
  });
  expect(isAlive(agent)).toBe(true);
  const nodes = await all<NodeView>(studio, '/api/v1/nodes');
  expect(nodes.find((node) => node.id === first.nodeId)?.state).toBe('ready');
});
