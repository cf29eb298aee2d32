import { usualSelfFenceMs } from '@backlot/contract/link/messages';
import { defaultNodeSettings } from '@backlot/control/nodes/settings';
import { retryDelay } from '@backlot/node/link/backoff';
import { expect, it } from 'vitest';
import { until } from './link-node.ts';
import { type Product, startProduct } from './product.ts';

/** The attempt of an id, as the control plane knows it. */
async function attempt({ database: { db } }: Product, id: string) {
  const of = (table: 'allocation' | 'allocation_history') =>
    db.selectFrom(table).select(['state', 'failure', 'outcome']).where('id', '=', id).executeTakeFirst();
  return (await of('allocation')) ?? (await of('allocation_history'));
}

async function runningPart({ database: { db } }: Product, other?: string): Promise<string | undefined> {
  const rows = await db
    .selectFrom('allocation')
    .innerJoin('task', 'task.id', 'allocation.task_id')
    .select('allocation.id')
    .where('task.kind', '=', 'tiny.part')
    .where('allocation.state', '=', 'running')
    .execute();
  return rows.find(({ id }) => id !== other)?.id;
}

it('a node without a control plane works on until its own limit, then ends its work, which is not charged for it', {
  timeout: 240_000,
}, async () => {
  const product = await startProduct({ selfFenceMs: { interactive: 500, batch: 12_000 } });
  const steps = new Map<string, string[]>();
  try {
    await product.startAgent({
      observer: (id, step) => steps.set(id, [...(steps.get(id) ?? []), step]),
    });
    await product.submit({ parts: 1, steps: 1_000, stepMs: 200 });
    await until('its part runs', async () => (await runningPart(product)) !== undefined, 60_000);
    const id = (await runningPart(product)) ?? '';

    const seenAt = async () => {
      const { db } = product.database;
      const lease = await db.selectFrom('node_lease').select('seen_at').executeTakeFirstOrThrow();
      return lease.seen_at.getTime();
    };

    // Shorter than its class may be without a lease, longer than the lease and another class.
    await product.control.close({ graceMs: 500 });
    const away = await seenAt();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await product.startControl();
    await until('the node is back', async () => (await seenAt()) > away);
    expect(steps.get(id)?.at(-1)).toBe('running');

    await product.control.close({ graceMs: 500 });
    await until('it ends its work', () => steps.get(id)?.at(-1) === 'reporting', 60_000);
    await product.startControl();
    await until('it has told so', async () => (await attempt(product, id))?.state === 'ended');
    expect(await attempt(product, id)).toMatchObject({
      outcome: 'failed',
      failure: { class: 'node', reason: { code: 'attempt.lease_lost' } },
    });
    // That was the machine's fault: another attempt follows.
    await until('it runs again', async () => (await runningPart(product, id)) !== undefined, 60_000);
  } finally {
    await product.close();
  }
});

it('usually lets work live longer than a control plane that starts takes to hear of its nodes again', () => {
  const { startGraceMs, leaseMs, helloMs, silenceMs } = defaultNodeSettings;
  const longestRetryMs = retryDelay(1_000, 1);
  // Found at the first try that can succeed, and that one came just too early.
  expect(longestRetryMs + helloMs).toBeLessThan(startGraceMs);
  for (const ms of Object.values(usualSelfFenceMs)) {
    expect(defaultNodeSettings.selfFenceMs).toEqual(usualSelfFenceMs);
    expect(ms).toBeGreaterThan(leaseMs + silenceMs + startGraceMs + longestRetryMs);
  }
});
