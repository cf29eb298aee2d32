import { systemClock } from '@backlot/contract/clock';
import { sql } from 'kysely';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Flows } from '../../kernel.ts';
import { type FlowLab, openFlowLab } from '../testing/flow-lab.ts';
import { schedules } from './schedule.ts';

let lab: FlowLab;
beforeAll(async () => {
  lab = await openFlowLab();
});
afterAll(() => lab?.close());

const log = pino({ level: 'silent' });
const db = () => lab.house.database.db;
const runsOf = (flowId: string) =>
  db().selectFrom('flow_run').select('key').where('flow_id', '=', flowId).orderBy('id').execute();
const nextOf = async (flowId: string) =>
  (await db().selectFrom('flow').select('next_at').where('id', '=', flowId).executeTakeFirstOrThrow())
    .next_at;

/** A flow of every year whose time came on this day. */
async function due(at: string) {
  const flowId = await lab.flow([{ id: 'a', kind: 'lab.make' }], {
    trigger: { kind: 'flow.schedule', with: { cron: '0 0 1 1 *' } },
  });
  await sql`UPDATE flow SET next_at = ${at}::timestamptz WHERE id = ${flowId}`.execute(db());
  return flowId;
}

describe('a flow whose time has come', () => {
  it('is started once although the answer of its start was lost, and the others don’t wait for it', async () => {
    let now = 0;
    const first = await due('2026-01-01T00:00:00Z');
    const second = await due('2026-01-02T00:00:00Z');
    let lost = 0;
    const start: Flows['start'] = async (request) => {
      const answer = await lab.house.flows.start(request);
      if ('flowId' in request.flow && request.flow.flowId === first && lost++ === 0) {
        throw new Error('the connection is gone; nobody knows whether it was committed');
      }
      return answer;
    };
    const look = schedules({ db: db(), log, clock: { monotonic: () => now }, start });
    await look(new AbortController().signal);
    expect(await runsOf(second)).toEqual([{ key: 'schedule:2026-01-02T00:00:00.000Z' }]);
    expect(lost).toBe(1);
    // It is left alone for a while, and its time stays what it is.
    expect((await look(new AbortController().signal)) ?? 0).toBeGreaterThan(0);
    expect(lost).toBe(1);
    expect((await nextOf(first))?.toISOString()).toBe('2026-01-01T00:00:00.000Z');
    now += 60_000;
    await look(new AbortController().signal);
    expect(lost).toBe(2);
    expect(await runsOf(first)).toEqual([{ key: 'schedule:2026-01-01T00:00:00.000Z' }]);
    expect((await nextOf(first))?.getTime()).toBeGreaterThan(systemClock.now());
  });
});
