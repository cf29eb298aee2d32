import type { Clock } from '@backlot/contract/clock';
import { expect, it } from 'vitest';
import { StoreFault } from '../store/store-fault.ts';
import { Persistence } from './persist.ts';

/** Time that passes only by sleeping. */
function clockByHand() {
  let at = 0;
  const pass = (ms: number) => {
    at += ms;
  };
  const clock: Clock = {
    now: () => at,
    monotonic: () => at,
    after: () => () => undefined,
    sleep: async (ms) => pass(ms),
  };
  return { clock, pass };
}

function open({ untried = false } = {}) {
  const { clock, pass } = clockByHand();
  const alarms: number[] = [];
  const ends: number[] = [];
  const persistence = new Persistence(
    {
      clock,
      random: () => 0.5,
      signal: new AbortController().signal,
      patienceMs: 10_000_000,
      alarmMs: 60_000,
    },
    {
      waiting: () => undefined,
      untilNow: () => undefined,
      again: () => undefined,
      unreachable: () => alarms.push(clock.now()),
      reachable: () => ends.push(clock.now()),
    },
    false,
    untried,
  );
  return { pass, alarms, ends, persistence };
}

it('takes hours in which bytes moved for no silence, also when they break off twice', async () => {
  const { pass, alarms, persistence } = open();
  let tries = 0;
  await persistence.run(async () => {
    for (let minute = 0; minute < 90; minute += 1) {
      pass(60_000);
      persistence.moved();
    }
    tries += 1;
    if (tries < 3) throw new StoreFault('away', 'broke off');
  });
  expect(alarms).toEqual([]);
});

it('alarms when a target takes bytes and always fails afterwards', async () => {
  const { alarms, persistence } = open();
  let tries = 0;
  await persistence.run(async () => {
    persistence.moved();
    tries += 1;
    if (tries < 12) throw new StoreFault('away', '503');
  });
  expect(alarms).toHaveLength(1);
});

it('tells the first success of a target of which nothing was known, and the end of an outage, once', async () => {
  for (const [untried, fails, alarmed, ended] of [
    [false, 0, 0, 0],
    [true, 0, 0, 1],
    [true, 12, 1, 1],
    [false, 12, 1, 1],
  ] as const) {
    const { alarms, ends, persistence } = open({ untried });
    let tries = 0;
    await persistence.run(async () => {
      tries += 1;
      if (tries <= fails) throw new StoreFault('away', '503');
    });
    persistence.progressed();
    expect([alarms.length, ends.length]).toEqual([alarmed, ended]);
  }
});
