import type { Event } from '@backlot/contract/api/events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesFilter, mergeEvents } from './event-buffer.ts';

const event = (seq: number, kind = 'job.changed'): Event => ({
  seq,
  id: '0197a1b2-0000-7000-8000-000000000000',
  at: '2026-11-20T12:00:00.000Z',
  projectId: null,
  kind,
  subject: { kind: 'job', id: 'j1' },
  body: {},
});

describe('events', () => {
  it('are shown once each, newest first, however they arrive', () => {
    const seqs = fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 60 });
    fc.assert(
      fc.property(seqs, seqs, (a, b) => {
        const merged = mergeEvents(
          a.map((seq) => event(seq)),
          b.map((seq) => event(seq)),
        ).map((one) => one.seq);
        expect(merged).toEqual([...new Set([...a, ...b])].sort((x, y) => y - x));
      }),
    );
  });

  it.each([
    [{}, true],
    [{ kind: 'job.changed' }, true],
    [{ kind: 'job' }, true],
    [{ kind: 'job.*' }, true],
    [{ kind: 'jo' }, false],
    [{ kind: 'node.ready' }, false],
    [{ subjectKind: 'node' }, false],
    [{ subjectId: 'j1', subjectKind: 'job' }, true],
    [{ projectId: 'p1' }, false],
  ])('filter %j lets it through: %s', (filter, expected) =>
    expect(matchesFilter(event(1), filter)).toBe(expected),
  );
});
