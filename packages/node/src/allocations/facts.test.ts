import type { Offer } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { asksWorkload } from './conclude.ts';
import {
  type AllocationFacts,
  type allocationSteps,
  apply,
  firstFacts,
  shownState,
  stepOf,
} from './facts.ts';
import { JournalRecord } from './records.ts';
import { plainExit } from './testing/plain-exit.ts';

const id = '019a0000-0000-7000-8000-000000000001';
const offer: Offer = {
  allocation: id,
  fence: 1,
  task: id,
  job: null,
  project: id,
  kind: 'tiny.part',
  class: 'batch',
  parameters: {},
  resources: { cpu: 1, memory: 0, disk: 0, gpus: [], packets: 0 },
  inputs: [],
  limits: { stopGraceMs: 1_000 },
  host: null,
  attempt: 1,
  committed: ['earlier.png'],
  token: 't',
  deadlineMs: 5_000,
};
const exit = plainExit(id);
const report = (seq: number, state: 'preparing' | 'running' | 'ended', names: string[] = []) => ({
  r: 'report' as const,
  report: {
    allocation: id,
    fence: 1,
    seq,
    state,
    outputs: names.map((name) => ({
      name,
      kind: 'frame',
      digest: '0'.repeat(64),
      size: 1,
      mediaType: 'image/png',
      meta: {},
    })),
  },
});
const concluded = { r: 'concluded' as const, outcome: 'ok' as const, outputs: [] };
const fold = (records: JournalRecord[], from: AllocationFacts = firstFacts(offer)) =>
  records.reduce(apply, from);

describe('steps of an allocation', () => {
  const walk: [string, JournalRecord[], (typeof allocationSteps)[number]][] = [
    ['accepted', [], 'preparing'],
    ['preparing was reported', [report(1, 'preparing')], 'preparing'],
    ['started', [{ r: 'started' }], 'running'],
    ['exited', [{ r: 'started' }, { r: 'exited', exit }], 'concluding'],
    ['concluded', [{ r: 'started' }, { r: 'exited', exit }, concluded], 'uploading'],
    [
      'the end was reported',
      [{ r: 'started' }, { r: 'exited', exit }, concluded, report(1, 'ended')],
      'reporting',
    ],
    [
      'the end was answered',
      [
        { r: 'started' },
        { r: 'exited', exit },
        concluded,
        report(1, 'ended'),
        { r: 'acked', seq: 1, verdict: 'applied' },
      ],
      'done',
    ],
    ['stopped before it ran', [{ r: 'stop', why: 'canceled', graceMs: 0 }], 'concluding'],
    ['stopped while it runs', [{ r: 'started' }, { r: 'stop', why: 'canceled', graceMs: 0 }], 'running'],
    ['stale before it ran', [{ r: 'acked', seq: 0, verdict: 'stale' }], 'done'],
    ['stale while it runs', [{ r: 'started' }, { r: 'acked', seq: 0, verdict: 'stale' }], 'running'],
  ];
  it.each(walk)('%s', (_name, records, step) => {
    expect(stepOf(fold(records))).toBe(step);
  });

  it('counts outputs of earlier attempts and of its own reports as committed', () => {
    const facts = fold([report(1, 'running', ['a.png']), report(2, 'running', ['b.png'])]);
    expect([...facts.committed]).toEqual(['earlier.png', 'a.png', 'b.png']);
    expect(facts.unanswered.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('says stopping from the request to the end', () => {
    const facts = fold([{ r: 'started' }, report(1, 'running'), { r: 'stop', why: 'preempted', graceMs: 1 }]);
    expect(shownState(facts)).toBe('stopping');
    expect(shownState(fold([report(2, 'ended')], facts))).toBe('ended');
  });

  it('stays where it is when records come twice, and never goes back', () => {
    const records = fc.array(
      fc.constantFrom<JournalRecord>(
        { r: 'started' },
        { r: 'exited', exit },
        concluded,
        report(1, 'preparing'),
        report(2, 'running', ['a.png']),
        report(3, 'ended'),
        { r: 'acked', seq: 3, verdict: 'applied' },
        { r: 'stop', why: 'canceled', graceMs: 0 },
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(records, (list) => {
        let facts = firstFacts(offer);
        for (const record of list) {
          facts = apply(facts, record);
          expect(apply(facts, record)).toEqual(facts);
          expect(JournalRecord.parse(JSON.parse(JSON.stringify(record)))).toEqual(record);
        }
        const ended = list.some((record) => record.r === 'report' && record.report.state === 'ended');
        if (ended) expect(['reporting', 'done']).toContain(stepOf(facts));
      }),
    );
  });
});

describe('who says how an attempt ends', () => {
  const started: JournalRecord = { r: 'started' };
  const stopped = (why: 'drained' | 'preempted' | 'canceled'): JournalRecord => ({
    r: 'stop',
    why,
    graceMs: 0,
  });
  const exited = (cause: 'exited' | 'stopped'): JournalRecord => ({ r: 'exited', exit: { ...exit, cause } });
  it.each<[string, boolean, JournalRecord[]]>([
    ['the workload, of what ended by itself', true, [started, exited('exited')]],
    [
      'the workload, of what had finished when it was to make way',
      true,
      [started, stopped('drained'), exited('exited')],
    ],
    [
      'the workload, of what may have begun something elsewhere',
      true,
      [started, stopped('canceled'), exited('stopped')],
    ],
    ['nobody has to be asked, of what made way', false, [started, stopped('preempted'), exited('stopped')]],
    ['nobody has to be asked, of what was never begun', false, [stopped('drained')]],
    ['nobody has to be asked, of what was called off before it began', false, [stopped('canceled')]],
  ])('%s', (_, asked, records) => {
    expect(asksWorkload(records.reduce(apply, firstFacts(offer)))).toBe(asked);
  });
});
