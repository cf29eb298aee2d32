import type { TaskClass } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import type { AllocationStep } from '../allocations/facts.ts';
import { nextToEnd, standsStill, type WorkHere } from './make-way.ts';

const work = (
  taskClass: TaskClass,
  disk: number,
  step: AllocationStep = 'running',
  frozen = false,
): WorkHere => ({ class: taskClass, disk, step, frozen });

describe('what stands still while the disk is nearly full', () => {
  it.each([
    ['a transcode', work('batch', 1e9), true],
    ['a transcode that fetches its files', work('batch', 1e9, 'preparing'), true],
    ['one that stands still for others already', work('batch', 1e9, 'running', true), true],
    ['an upload, which makes room', work('batch', 0), false],
    ['what has run and is brought away', work('batch', 1e9, 'uploading'), false],
    ['what is judged', work('batch', 1e9, 'concluding'), false],
    ['a recording', work('live', 1e9), false],
    ['what somebody watches', work('interactive', 1e9), false],
  ])('%s: %o → %s', (_, one, expected) => {
    expect(standsStill(one)).toBe(expected);
  });
});

describe('what ends on a full disk', () => {
  const live = work('live', 1e9);
  const old = work('batch', 1e9);
  const newest = work('batch', 1e9);
  const frozen = work('batch', 1e9, 'running', true);
  const upload = work('batch', 0);
  it.each([
    ['the newest', [live, old, newest], 1e9, newest],
    ['what stands still, before what is newer and runs', [live, frozen, newest], 1e9, frozen],
    ['the newest of those', [frozen, live, { ...frozen }], 1e9, { ...frozen }],
    ['no upload', [live, old, upload], 1e9, old],
    ['even an upload, when the machine is of no use else', [old, upload], 1e6, upload],
    ['nothing that is over', [live, work('batch', 1e9, 'uploading')], 1e6, undefined],
    ['nothing, when nobody needs the room', [old, newest], 1e9, undefined],
    ['nothing live, however full it is', [live, work('interactive', 1e9)], 0, undefined],
  ])('%s', (_, all, free, expected) => {
    expect(nextToEnd(all, free)).toEqual(expected);
  });

  it('is one of those that were given', () => {
    const twins = [live, { ...frozen }, { ...frozen }];
    expect(nextToEnd(twins, 1e9)).toBe(twins[2]);
  });
});
