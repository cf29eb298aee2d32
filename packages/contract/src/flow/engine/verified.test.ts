import { describe, expect, it } from 'vitest';
import type { StepRecord } from '../step-record.ts';
import { allWell, type Fate, flowOf, runInput, simulate } from '../testing/run-flow.ts';
import { sampleFile } from '../testing/sample-kinds.ts';
import { verifiedDigests } from './verified.ts';

const flow = flowOf([
  { id: 'film', kind: 'test.join', in: { segments: 'trigger.segments' } },
  { id: 'up', kind: 'test.upload', in: { file: 'film.film' }, with: { path: 'x' } },
  { id: 'sure', kind: 'test.verify', in: { file: 'film.film', copy: 'up.copy' } },
]);
/** The film of the segments 1, 2 and 3 is made of these files. */
const made =
  (...digits: number[]): Fate =>
  (key) =>
    key === 'film' ? { state: 'succeeded', outputs: digits.map((digit) => sampleFile(digit)) } : allWell(key);
const verified = (fate: Fate) => {
  const records: StepRecord[] = [...simulate(flow, { fate }).records.values()];
  return [...verifiedDigests(runInput(flow, records))].map((digest) => Number(digest[0])).sort();
};

describe('what a run has verified', () => {
  it('is the file itself and what it was made of', () => {
    expect(verified(made(7))).toEqual([1, 2, 3, 7]);
  });

  it('is not what went into several films of which one was verified', () => {
    expect(verified(made(7, 8))).toEqual([7]);
  });

  it('is nothing when the verify has failed', () => {
    expect(verified((key) => (key === 'sure' ? { state: 'failed' } : made(7)(key)))).toEqual([]);
  });
});
