import { newId } from '@backlot/contract';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sourceReason } from '../../contract/source-phrases.ts';
import {
  BroadcastEnded,
  BroadcastStarted,
  DiskFact,
  Gap,
  GapFact,
  SourceFact,
  StallFact,
  TakeEnded,
  TakeStarted,
  TitleFact,
} from '../../contract.ts';
import { ChannelFacts } from './facts.ts';
import { said } from './said.ts';

const id = newId();
const facts = new ChannelFacts(id, undefined);
/** Long ones, halves of surrogate pairs, NULs, and a pair that stands where it is cut. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 50 }),
  fc.array(fc.constantFrom('\0', '\ud83d', '\ude00', 'a', '"; touch x')).map((parts) => parts.join('')),
  fc.integer({ min: 0, max: 4_100 }).map((length) => `${'x'.repeat(length)}${'😀'.repeat(1_000)}`),
);

describe('facts', () => {
  it('are what the contract allows and a database stores, whatever a source says', () => {
    fc.assert(
      fc.property(hostile, (words) => {
        const gap = { fromWall: 1, toWall: 2, ms: 1, why: words, what: words };
        const ended = { broadcast: id, why: words, startedWall: 1, endedWall: 2, lossMs: 0, title: words };
        const made = [
          [BroadcastStarted, facts.broadcastStarted(id, 1, words)],
          [BroadcastEnded, facts.broadcastEnded(1, { ...ended, takes: 1, segments: 1, bytes: 1 })],
          [TakeStarted, facts.takeStarted(id, id, 1, 1, words)],
          [TakeEnded, facts.takeEnded(id, id, 1, 1, words)],
          [GapFact, facts.gap(id, gap, 1)],
          [StallFact, facts.stall(id, id, words, 1)],
          [TitleFact, facts.title(words, 1, id)],
          [SourceFact, facts.source(words, sourceReason('fault', { detail: words }), 1)],
          [DiskFact, facts.diskFull(1, words)],
        ] as const;
        for (const [schema, { body }] of made) {
          // Nothing is left for the contract to cut.
          expect(schema.parse(body)).toEqual(body);
          for (const value of [body, body.words ?? {}].flatMap(Object.values)) {
            if (typeof value !== 'string') continue;
            expect(value).not.toContain('\0');
            expect(value.isWellFormed()).toBe(true);
          }
        }
        expect(Gap.safeParse(facts.gap(id, gap, 1).body).success).toBe(true);
      }),
    );
  });

  it('do not cut a pair in two', () => {
    expect(said('x😀', 2)).toBe('x\ufffd');
    expect(said('\0😀', 2)).toBe('😀');
  });
});
