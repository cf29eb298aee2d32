import { randomBytes } from 'node:crypto';
import { Page } from '@backlot/contract';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DeliveryTarget, Message, Subscription } from '../contract.ts';
import {
  type DeliveryHouse,
  openDeliveryHouse,
  openReceiver,
  type Receiver,
} from '../testing/delivery-house.ts';

const soon = { timeout: 60_000, interval: 50 };

let house: DeliveryHouse;
let receiver: Receiver;
beforeAll(async () => {
  [house, receiver] = await Promise.all([openDeliveryHouse(), openReceiver()]);
});
afterAll(async () => {
  await house?.close();
  await receiver?.close();
});
const call: DeliveryHouse['api']['transport']['call'] = (...args) => house.api.transport.call(...args);
const hook = (name: string, enabled: boolean) =>
  house.target({ name, kind: 'webhook', settings: { url: `${receiver.url}/${name}` }, enabled });
const switchTo = ({ id }: DeliveryTarget, enabled: boolean) =>
  call('PATCH', `/api/v1/delivery-targets/${id}`, DeliveryTarget, { json: { enabled } });
/** Oldest first. */
const messages = async ({ id }: DeliveryTarget) =>
  (await call('GET', `/api/v1/delivery-messages?targetId=${id}&limit=50`, Page(Message))).items.toReversed();
const told = (name: string) =>
  receiver.received.filter(({ path }) => path === `/${name}`).map(({ body }) => JSON.parse(body) as unknown);
const age = (message: Message | undefined, days: number, attempts = 0) =>
  sql`UPDATE delivery_message SET created_at = now() - make_interval(days => ${days}), attempts = ${attempts},
      next_at = now() WHERE id = ${message?.id}`.execute(house.control.store.db);

/** Runs of a flow that tells something, each its own group. @returns how their steps have ended */
async function tell(target: string, steps: readonly object[], runs = 1): Promise<string[]> {
  const artifact = await house.upload(randomBytes(100), 'x.bin');
  const flow = await house.flow(`Tell ${target} ${randomBytes(3).toString('hex')}`, steps);
  const ends: string[] = [];
  for (let n = 0; n < runs; n += 1) {
    const run = await house.run(flow, artifact.id);
    ends.push((await house.ended(run.id)).state);
  }
  return ends;
}
const notify = (target: string) => ({
  id: 'tell',
  kind: 'deliveries.notify',
  with: { target, template: 'custom', title: 'Done' },
});

describe('a target for messages that is switched off', { timeout: 180_000 }, () => {
  it('gets no news queued; what happens once it is on again is told', async () => {
    const off = await hook('news-off', false);
    const on = await hook('news-on', true);
    for (const { id: targetId } of [off, on]) {
      await call('POST', '/api/v1/delivery-subscriptions', Subscription, {
        json: { targetId, kinds: ['deliveries.target.created'] },
      });
    }
    // Subscriptions are read anew after two seconds.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await hook('happens-1', true);
    // Both are told of in one transaction: what this one has not got, it never gets.
    await vi.waitFor(() => expect(told('news-on')).toHaveLength(1), soon);
    expect(await messages(off)).toEqual([]);
    await switchTo(off, true);
    await hook('happens-2', true);
    await vi.waitFor(() => expect(told('news-off')).toHaveLength(1), soon);
    expect(JSON.stringify(told('news-off'))).toContain('happens-2');
  });

  it('fails no flow: what is to be told waits, says why, and is given up in the end', async () => {
    const off = await hook('flow-off', false);
    const webhook = { id: 'hook', kind: 'deliveries.webhook', with: { target: 'flow-off' } };
    expect(await tell('flow-off', [notify('flow-off'), webhook])).toEqual(['succeeded']);
    const waiting = await messages(off);
    expect(waiting.map(({ state }) => state)).toEqual(['pending', 'pending']);
    for (const { fault } of waiting) expect(fault).toMatch(/flow-off is switched off. Switch it on/);
    const [first, second] = waiting;
    await age(first, 3);
    await age(second, 3, 2);
    await sql`UPDATE delivery_message SET fault = '503: busy' WHERE id = ${second?.id}`.execute(
      house.control.store.db,
    );
    await vi.waitFor(
      async () =>
        expect((await messages(off)).map(({ state, fault }) => [state, fault])).toEqual([
          ['failed', expect.stringMatching(/for 3 days and was given up/)],
          ['failed', '503: busy'],
        ]),
      soon,
    );
    await switchTo(off, true);
    expect(await tell('flow-off', [notify('flow-off')])).toEqual(['succeeded']);
    await vi.waitFor(() => expect(told('flow-off')).toHaveLength(1), soon);
  });

  it('is told together what has waited, what programs want each, and nothing that is too old', async () => {
    const target = await hook('back', true);
    receiver.answer = { status: 503 };
    const webhook = { id: 'hook', kind: 'deliveries.webhook', with: { target: 'back', type: 'film.done' } };
    await tell('back', [notify('back')], 1);
    // Tried in vain, and then switched off: what it has failed with stays to be read.
    await vi.waitFor(async () => expect((await messages(target))[0]?.fault).toBe('503'), soon);
    await switchTo(target, false);
    await tell('back', [notify('back')], 3);
    await tell('back', [webhook], 2);
    const waiting = await messages(target);
    expect(waiting.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => 'pending'));
    expect(waiting[0]?.fault).toBe('503');
    receiver.answer = { status: 200 };
    const before = told('back').length;
    // Switched on before anything has settled it.
    await age(waiting[1], 100);
    await switchTo(target, true);
    await vi.waitFor(async () => {
      const now = await messages(target);
      expect(now.map(({ state }) => state)).toEqual([
        'folded',
        'failed',
        'folded',
        'folded',
        'delivered',
        'delivered',
        'delivered',
      ]);
      for (const { state, fault } of now) if (state === 'delivered') expect(fault).toBeNull();
    }, soon);
    expect(told('back').slice(before)).toMatchObject([
      { type: 'film.done' },
      { type: 'film.done' },
      {
        type: 'deliveries.notice',
        data: { title: '3 × Done', text: expect.stringMatching(/While this target was switched off.*3/) },
      },
    ]);
  });

  it('gets a single message as it is', async () => {
    const target = await hook('single', false);
    await tell('single', [notify('single')]);
    await switchTo(target, true);
    await vi.waitFor(() => expect(told('single')).toMatchObject([{ data: { title: 'Done' } }]), soon);
    expect((await messages(target)).map(({ state }) => state)).toEqual(['delivered']);
  });
});
