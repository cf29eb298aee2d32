import { fill, languages } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { instanceEnds, instanceMachine } from './instance.ts';
import { instanceEndReason, sessionEndReason, streamPhrases } from './phrases.ts';
import { sessionEnds, sessionMachine, sessionStatesLive } from './session.ts';

const machines = [
  [instanceMachine.name, instanceMachine.table as Readonly<Record<string, readonly string[]>>],
  [sessionMachine.name, sessionMachine.table as Readonly<Record<string, readonly string[]>>],
] as const;

describe.each(machines)('the states of a stream’s %s', (_name, table) => {
  const states = Object.keys(table);

  it('can all be reached, name only each other, and none follows itself', () => {
    const seen = new Set([states[0] as string]);
    for (const from of seen) for (const to of table[from] ?? []) seen.add(to);
    expect([...seen].sort()).toEqual([...states].sort());
    for (const from of states) expect(table[from]).not.toContain(from);
  });

  it('have one end, which every other state leads to', () => {
    expect(states.filter((state) => table[state]?.length === 0)).toEqual(['ended']);
    for (const state of states) {
      const seen = new Set([state]);
      for (const from of seen) for (const to of table[from] ?? []) seen.add(to);
      expect(seen.has('ended')).toBe(true);
    }
  });
});

describe('what the states promise', () => {
  it('an instance that is in use is given to nobody else before it is made fresh or free', () => {
    expect(instanceMachine.before('assigned')).toEqual(['ready']);
    expect(instanceMachine.allows('stopping', 'ready')).toBe(false);
  });

  it('a session that people have seen never waits again', () => {
    expect(sessionMachine.before('waiting')).toEqual(['requested', 'ready']);
    for (const state of sessionStatesLive)
      expect(sessionMachine.allows('ending', state) || sessionMachine.allows('resetting', state)).toBe(false);
  });
});

describe('sentences', () => {
  it('say every end of a session and of an instance in every language', () => {
    const reasons = [
      ...sessionEnds.map((end) => sessionEndReason(end)),
      ...instanceEnds.map((end) =>
        instanceEndReason(end, { amount: 1, limit: 2, detail: 'x', version: 3, seconds: 4, who: 'Ada' }),
      ),
    ];
    for (const { code, params, message } of reasons) {
      expect(message).not.toMatch(/\{\w+\}/);
      for (const language of languages)
        expect(fill(streamPhrases[code as keyof typeof streamPhrases], params, language)).toMatch(/[.。]$/u);
    }
  });
});
