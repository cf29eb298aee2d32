import { type Fired, newId } from '@backlot/contract';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FlowLab, openFlowLab } from '../testing/flow-lab.ts';
import { type Choice, chooseVersions, type Occasion } from './choose-versions.ts';
import { startFired } from './fire.ts';

const one = { flowId: 'f', versionId: 'v1', number: 1 };
const two = { flowId: 'f', versionId: 'v2', number: 2 };
const other = { flowId: 'g', versionId: 'w1', number: 1 };

describe('the version that is started when a node may have begun the run', () => {
  const node = 'north';
  it.each<[string, Omit<Occasion, 'node' | 'named'>, readonly unknown[], boolean, string | undefined]>([
    ['the newest, which it has begun', { newest: [two], given: two, claim: 'mine' }, [two], true, undefined],
    ['the one it has begun', { newest: [two], given: one, claim: 'mine' }, [one], true, 'flow.version.node'],
    [
      'the one it may have begun',
      { newest: [two], given: one, claim: 'unknown' },
      [one],
      true,
      'flow.version.node',
    ],
    [
      'the newest, when it has not',
      { newest: [two], given: one, claim: 'yours' },
      [two],
      false,
      'flow.version.newest',
    ],
    ['the newest it has not begun', { newest: [two], given: two, claim: 'yours' }, [two], false, undefined],
    [
      'of the flow it has begun',
      { newest: [other], given: one, claim: 'mine' },
      [one],
      true,
      'flow.version.other',
    ],
    ['of the flow of now', { newest: [other], given: one, claim: 'yours' }, [other], false, undefined],
    [
      'the newest, when its own is gone',
      { newest: [two], given: 'gone', claim: 'mine' },
      [two],
      false,
      'flow.version.gone',
    ],
    ['when nobody says which it was', { newest: [two], claim: 'unknown' }, [two], true, undefined],
    [
      'what is begun, though nothing waits now',
      { newest: [], given: one, claim: 'mine' },
      [one],
      true,
      'flow.version.begun',
    ],
  ])('%s', (_title, occasion, start, alone, note) => {
    const choice = chooseVersions({ ...occasion, named: true, node });
    expect(choice).toMatchObject({ start, alone, beside: [] });
    expect(choice.note?.code).toBe(note);
  });

  it.each<[string, Omit<Occasion, 'node' | 'named'>, Partial<Choice>, string | undefined]>([
    [
      'beside the one it has begun',
      { newest: [other, two], given: two, claim: 'mine' },
      { start: [two], alone: true, beside: [other] },
      undefined,
    ],
    [
      'beside the older one that it may have begun',
      { newest: [other, two], given: one, claim: 'unknown' },
      { start: [one], alone: true, beside: [other] },
      'flow.version.node',
    ],
    [
      'beside one that would not be run now',
      { newest: [other], given: one, claim: 'mine' },
      { start: [one], alone: true, beside: [other] },
      'flow.version.begun',
    ],
    [
      'with all others, when it has begun nothing',
      { newest: [other, two], given: two, claim: 'yours' },
      { start: [other, two], alone: false, beside: [] },
      undefined,
    ],
  ])('of every other flow that matches: %s', (_title, occasion, wanted, note) => {
    const choice = chooseVersions({ ...occasion, named: false, node });
    expect(choice).toMatchObject(wanted);
    expect(choice.note?.code).toBe(note);
  });
});

describe('a trigger', () => {
  let lab: FlowLab;
  beforeAll(async () => {
    lab = await openFlowLab();
  });
  afterAll(() => lab?.close());

  async function twoVersions() {
    const flowId = await lab.flow([{ id: 'a', kind: 'lab.make' }]);
    const rows = () =>
      lab.house.database.db
        .selectFrom('flow_version')
        .select('id')
        .where('flow_id', '=', flowId)
        .orderBy('number')
        .execute();
    const { name } = await lab.house.database.db
      .selectFrom('flow')
      .select('name')
      .where('id', '=', flowId)
      .executeTakeFirstOrThrow();
    const steps = [{ id: 'b', kind: 'lab.make' }];
    const definition = { version: 1 as const, name, trigger: { kind: 'flow.manual' }, steps };
    await lab.store.save(flowId, { note: '', definition }, lab.house.actor);
    const [older, newest] = await rows();
    return { flowId, older: older?.id ?? '', newest: newest?.id ?? '' };
  }
  const nodeId = async () =>
    (await lab.house.database.db.selectFrom('node').select('id').executeTakeFirstOrThrow()).id;

  async function fire(claim: 'mine' | 'yours', more: Pick<Fired, 'flowVersionId' | 'alone'>) {
    const key = newId();
    const fired: Fired = { key, projectId: lab.projectId, ports: {}, data: {}, ...more };
    const { db } = lab.house.database;
    const deps = {
      db,
      log: pino({ level: 'silent' }),
      start: lab.house.flows.start,
      claim: () => async () => claim,
    };
    const kind = { kind: 'lab.event', parameters: z.object({}) };
    await startFired(deps, kind as unknown as Parameters<typeof startFired>[1], fired);
    const { id } = await db
      .selectFrom('flow_run')
      .select('id')
      .where('key', '=', key)
      .executeTakeFirstOrThrow();
    return await lab.run(id);
  }

  it('starts the version that a node has begun, and not the newest; and says so', async () => {
    const { older, newest } = await twoVersions();
    const alone = { nodeId: await nodeId(), versionId: older };
    const run = await fire('mine', { flowVersionId: newest, alone });
    expect(run).toMatchObject({
      version: 1,
      versionId: older,
      aloneOn: alone.nodeId,
      note: { code: 'flow.version.node', params: { named: 1, newest: 2 } },
    });
    expect(run.steps.map(({ key }) => key)).toEqual(['a']);
  });

  it('starts the newest where the node has begun nothing, however old its own is', async () => {
    const { older, newest } = await twoVersions();
    const alone = { nodeId: await nodeId(), versionId: older };
    const run = await fire('yours', { flowVersionId: newest, alone });
    expect(run).toMatchObject({ version: 2, aloneOn: null, note: { code: 'flow.version.newest' } });
  });

  it('starts what a node has begun also when its flow was disabled meanwhile, and nothing that it has not', async () => {
    const { flowId, newest } = await twoVersions();
    await lab.store.setEnabled(flowId, false, lab.house.actor);
    const alone = { nodeId: await nodeId(), versionId: newest };
    const run = await fire('mine', { flowVersionId: newest, alone });
    expect(run).toMatchObject({ version: 2, aloneOn: alone.nodeId, note: { code: 'flow.version.begun' } });
    await expect(fire('yours', { flowVersionId: newest, alone })).rejects.toThrow('no result');
  });

  it('starts the newest where the version of the node is not there any more', async () => {
    const { newest } = await twoVersions();
    const alone = { nodeId: await nodeId(), versionId: newId() };
    const run = await fire('mine', { flowVersionId: newest, alone });
    expect(run).toMatchObject({ version: 2, aloneOn: null, note: { code: 'flow.version.gone' } });
  });
});
