import { describeFabric } from '@backlot/testkit/fabric-contract';
import fc from 'fast-check';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createLocalFabric } from './local-fabric.ts';
import { isPattern, isSubject, matches } from './subject.ts';

describeFabric('a function call', async () => {
  const fabric = createLocalFabric({ log: pino({ level: 'silent' }) });
  return { here: fabric, there: fabric };
});

describe('the local fabric', () => {
  it('ends open questions when it closes', async () => {
    const fabric = createLocalFabric({ log: pino({ level: 'silent' }) });
    fabric.serve('never', () => new Promise(() => undefined));
    const question = fabric.request('never', 1, { timeoutMs: 60_000 });
    await fabric.close();
    await expect(question).rejects.toMatchObject({ code: 'fabric_no_responder' });
  });

  it('asks the servers of a subject in turn', async () => {
    const fabric = createLocalFabric({ log: pino({ level: 'silent' }) });
    for (const name of ['a', 'b', 'c']) fabric.serve('who', async () => name);
    const asked = [];
    for (let n = 0; n < 6; n += 1) asked.push(await fabric.request('who', null, { timeoutMs: 1_000 }));
    expect(asked).toEqual(['a', 'b', 'c', 'a', 'b', 'c']);
    await fabric.close();
  });
});

describe('subjects', () => {
  const word = fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/);
  const subject = fc.array(word, { minLength: 1, maxLength: 6 });

  it.each([
    ['a.b', 'a.b', true],
    ['a.*', 'a.b', true],
    ['a.*', 'a.b.c', false],
    ['a.>', 'a.b.c', true],
    ['a.>', 'a', false],
    ['>', 'a', true],
    ['*.b', 'a.c', false],
    ['a', 'a.b', false],
    ['a.b', 'a', false],
  ])('%s and %s: %s', (pattern, name, expected) => {
    expect(matches(pattern, name)).toBe(expected);
  });

  it('match themselves, and every pattern made by widening them', () => {
    fc.assert(
      fc.property(subject, fc.nat(), (words, at) => {
        const name = words.join('.');
        const index = at % words.length;
        expect(isSubject(name)).toBe(true);
        expect(matches(name, name)).toBe(true);
        const widened = words.with(index, '*').join('.');
        const rest = [...words.slice(0, index), '>'].join('.');
        expect([isPattern(widened), matches(widened, name)]).toEqual([true, true]);
        expect([isPattern(rest), matches(rest, name)]).toEqual([true, true]);
      }),
    );
  });
});
