import type { AuditEntry, Event, NodeView, Task } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { all, artifactsOf, getJob, submit, taskOf, tasksOf, waitForJob } from './jobs.ts';
import { isAlive } from './processes.ts';
import { type Studio, startStudio } from './studio.ts';
import { waitUntil } from './wait-until.ts';

/** The kernel, proven from outside with the tiny workload: every part of the workload port in the running product. */
let studio: Studio;
beforeAll(async () => {
  studio = await startStudio({ flavour: 'tiny' });
  await waitUntil('the node has proved that it can count', async () => {
    const nodes = await all<NodeView>(studio, '/api/v1/nodes');
    return nodes.some((node) => node.state === 'ready' && node.capabilities.some((c) => c.name === 'tiny'));
  });
});
afterAll(async () => {
  const { leftovers } = await studio.close();
  expect(leftovers).toEqual([]);
});

const running = (jobId: string, kind = 'tiny.part') =>
  waitUntil(`a ${kind} of the job runs`, async () =>
    (await tasksOf(studio, jobId)).find(
      (task) => task.kind === kind && task.state === 'running' && task.allocation,
    ),
  );

/** Living processes that carry an allocation's mark. */
async function processesOfAllocation(id: string): Promise<number[]> {
  const { processesOf } = await import('./processes.ts');
  return processesOf(id).map((line) => line.pid);
}

describe('a job', () => {
  it('is planned, followed up, and every output is committed once', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 4, steps: 5 });
    const ended = await waitForJob(studio, job.id, ['succeeded']);
    expect(ended.facts).toMatchObject({ parts: 4 });
    expect(ended.progress).toMatchObject({ fraction: 1, done: 20, total: 20 });
    const artifacts = await artifactsOf(studio, job.id);
    expect(
      artifacts
        .filter((a) => a.kind === 'step')
        .map((a) => a.name)
        .sort(),
    ).toEqual(Array.from({ length: 20 }, (_, i) => `part-${Math.floor(i / 5)}/step-${i % 5}.txt`).sort());
    const total = artifacts.find((a) => a.kind === 'total');
    expect(total?.meta).toMatchObject({ total: 190 });
    const bytes = await studio.fetch(`/api/v1/artifacts/${total?.id}/content`);
    expect(await bytes.text()).toBe('190\n');
  });

  it('runs what needs a host inside it, and many share one', async () => {
    const first = await submit(studio, 'tiny.count', { parts: 1, hosted: true, note: 'one' });
    await waitForJob(studio, first.id, ['succeeded']);
    const second = await submit(studio, 'tiny.count', { parts: 1, hosted: true, note: 'two' });
    await waitForJob(studio, second.id, ['succeeded']);
    const results = await Promise.all(
      [first, second].map(
        async (job) => (await tasksOf(studio, job.id)).find((task) => task.key === 'hosted')?.result,
      ),
    );
    expect(results.map((result) => result?.echoed)).toEqual(['one', 'two']);
    expect(results[0]?.hostPid).toBe(results[1]?.hostPid);
    expect(results[1]?.served).toBeGreaterThan(Number(results[0]?.served));
  });

  it('tries a crash again and succeeds when it passes', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'crash', faultyAttempts: 1 });
    await waitForJob(studio, job.id, ['succeeded']);
    const part = (await tasksOf(studio, job.id)).find((task) => task.kind === 'tiny.part') as Task;
    const detail = await taskOf(studio, part.id);
    expect(detail.allocations.map((a) => a.outcome).sort()).toEqual(['failed', 'ok']);
    expect(detail.allocations.find((a) => a.outcome === 'failed')?.failure).toMatchObject({
      class: 'crash',
      reason: { code: 'tiny.crashed' },
    });
  });

  it.each([
    ['nonsense', 'tiny.nonsense', 1],
    ['liar', 'tiny.lied', 2],
  ] as const)('that is %s fails with a typed sentence and no success', async (mode, code, attempts) => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode });
    const ended = await waitForJob(studio, job.id, ['failed']);
    const part = (await tasksOf(studio, job.id)).find((task) => task.kind === 'tiny.part') as Task;
    expect(part.failure?.reason.code).toBe(code);
    expect((await taskOf(studio, part.id)).allocations.length).toBe(attempts);
    expect(ended.failure ?? part.failure).not.toBeNull();
  });

  it('that lacks a file is held with its name, and goes on once it is released', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'missing' });
    const held = await waitForJob(studio, job.id, ['held']);
    expect(held.wait?.message).toContain('apples.txt');
    const part = (await tasksOf(studio, job.id)).find((task) => task.state === 'held') as Task;
    expect(part.failure?.missing).toEqual(['apples.txt']);
    await studio.api('POST', `/api/v1/tasks/${part.id}/release`, {
      parameters: { ...part.parameters, found: true },
    });
    await waitForJob(studio, job.id, ['succeeded']);
  });

  it('that no node is able to do says so as its reason to wait, and can be canceled', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'incapable' });
    const part = await waitUntil('it says why it waits', async () =>
      (await tasksOf(studio, job.id)).find(
        (task) =>
          task.kind === 'tiny.part' &&
          task.wait &&
          !['placed', 'running'].includes(task.state) &&
          task.failure,
      ),
    );
    expect(part.wait?.message.length).toBeGreaterThan(10);
    await studio.api('PATCH', `/api/v1/jobs/${job.id}`, { intent: 'cancel' });
    await waitForJob(studio, job.id, ['canceled']);
  });

  it('that is canceled ends every process of it, also one that ignores SIGTERM and has left its session', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'stubborn', steps: 500, stepMs: 100 });
    const part = await running(job.id);
    const pids = await waitUntil('the process and its grandchild are seen', async () => {
      const found = await processesOfAllocation(part.allocation?.id ?? '?');
      return found.length >= 2 ? found : undefined;
    });
    await studio.api('PATCH', `/api/v1/jobs/${job.id}`, { intent: 'cancel' });
    await waitForJob(studio, job.id, ['canceled']);
    await waitUntil('all of them are gone', () => pids.every((pid) => !isAlive(pid)), { limitMs: 90_000 });
  });

  it('that is paused starts nothing new, and resumes', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 40, steps: 2, stepMs: 50, cpu: 1 });
    await running(job.id);
    await studio.api('PATCH', `/api/v1/jobs/${job.id}`, { intent: 'pause' });
    const paused = await waitForJob(studio, job.id, ['paused']);
    expect(paused.counts.queued).toBeGreaterThan(0);
    await studio.api('PATCH', `/api/v1/jobs/${job.id}`, { intent: 'run' });
    await waitForJob(studio, job.id, ['succeeded']);
  });

  it('keeps free text as data wherever it goes', async () => {
    const note = `"; touch x & $(id) ../.. \${x} '\u202E${'长'.repeat(100)}`;
    const job = await submit(studio, 'tiny.count', { parts: 1, note, hosted: true }, note.slice(0, 150));
    await waitForJob(studio, job.id, ['succeeded']);
    const hosted = (await tasksOf(studio, job.id)).find((task) => task.key === 'hosted');
    expect(hosted?.result?.echoed).toBe(note);
    expect((await getJob(studio, job.id)).parameters.note).toBe(note);
  });

  it('has a log that is kept byte for byte and shown as text, also when it is no text', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, mode: 'binary' });
    await waitForJob(studio, job.id, ['succeeded']);
    const part = (await tasksOf(studio, job.id)).find((task) => task.kind === 'tiny.part') as Task;
    const log = await waitUntil('the log has come', async () => {
      const page = await studio.api<{ text: string }>('GET', `/api/v1/tasks/${part.id}/log?stream=stdout`);
      return page.text.includes('step 0 done') ? page : undefined;
    });
    expect(log.text).toContain('mode binary');
    expect(log.text).toContain('\uFFFD');
  });
});

describe('what else a workload brings', () => {
  it('reacts to events at least once, in a table of its own, seen by its own route', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1 });
    await waitForJob(studio, job.id, ['succeeded']);
    await waitUntil('the reaction has been called', async () => {
      const notes = await studio.api<{ items: { jobId: string; seen: number }[] }>(
        'GET',
        '/api/v1/tiny/notes',
      );
      return notes.items.find((note) => note.jobId === job.id && note.seen >= 1);
    });
  });

  it('answers calls into a running allocation', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1, steps: 100, stepMs: 100 });
    const part = await running(job.id);
    const answer = await studio.api<{ answer: unknown }>(
      'POST',
      `/api/v1/tiny/allocations/${part.allocation?.id}/shout`,
      {
        nodeId: part.allocation?.nodeId,
        word: 'hey',
      },
    );
    expect(answer.answer).toEqual({ part: 0, shouted: 'HEY' });
    await studio.api('PATCH', `/api/v1/jobs/${job.id}`, { intent: 'cancel' });
  });

  it('serves a socket', async () => {
    const socket = new WebSocket(`${studio.url.replace('http', 'ws')}/tiny/echo/green`);
    try {
      const answer = await new Promise<string>((resolve, reject) => {
        socket.once('error', reject);
        socket.once('open', () => socket.send('hi'));
        socket.once('message', (data) => resolve(data.toString()));
      });
      expect(answer).toBe('green: hi');
    } finally {
      socket.terminate();
    }
  });

  it('leaves a trace of everything: events in order and an audit of who did it', async () => {
    const job = await submit(studio, 'tiny.count', { parts: 1 });
    await waitForJob(studio, job.id, ['succeeded']);
    const events = await all<Event>(studio, `/api/v1/events?subjectId=${job.id}`);
    const kinds = events.sort((a, b) => a.seq - b.seq).map((event) => event.kind);
    expect(kinds[0]).toBe('job.created');
    expect(kinds.at(-1)).toBe('job.ended');
    expect(kinds.filter((kind) => kind === 'job.ended')).toHaveLength(1);
    const audit = await all<AuditEntry>(studio, `/api/v1/audit?subjectId=${job.id}`);
    expect(audit.length).toBeGreaterThanOrEqual(1);
  });
});
