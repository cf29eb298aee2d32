import { describe, expect, it } from 'vitest';
import { type ChannelRules, type ChannelState, newChannel, stepChannel } from './channel-machine.ts';

const rules: ChannelRules = { silenceMs: 60_000, pollMs: 10_000, canLook: true };
const at = (now: number, random = 0.5) => ({ now, random });
const shut = { e: 'schedule', open: false } as const;
const opens = { e: 'schedule', open: true } as const;
const dos = (effects: readonly { do: string }[]) => effects.map((effect) => effect.do);

describe('a channel and its schedule', () => {
  it.each(['looking', 'opening', 'receiving', 'waiting', 'held'] as const)(
    'sleeps when a window ends: %s',
    (phase) => {
      const { state, effects } = stepChannel({ ...newChannel, phase }, { ...shut, ...at(0) }, rules);
      expect(state).toMatchObject({ phase: 'asleep', windowOpen: false });
      expect(dos(effects)).toEqual(['close']);
      for (const event of [
        { e: 'timer' },
        { e: 'looked', live: true },
        { e: 'opened' },
        { e: 'disk', full: true, mediaAt: 0 },
      ] as const)
        expect(stepChannel(state, { ...event, ...at(1) }, rules)).toEqual({ state, effects: [] });
      const woken = stepChannel(state, { ...opens, ...at(2) }, rules);
      expect(woken.state.phase).toBe('looking');
      expect(dos(woken.effects)).toEqual(['look']);
    },
  );

  it.each(['opening', 'receiving', 'waiting', 'held'] as const)('never cuts a broadcast: %s', (phase) => {
    const before: ChannelState = { ...newChannel, phase, inBroadcast: true };
    const { state, effects } = stepChannel(before, { ...shut, ...at(0) }, rules);
    expect(state).toEqual({ ...before, windowOpen: false });
    expect(effects).toEqual([]);
  });

  it('goes on through a drop outside its window, and sleeps when the broadcast is over', () => {
    const on: ChannelState = { ...newChannel, phase: 'receiving', inBroadcast: true, windowOpen: false };
    const dropped = stepChannel(on, { e: 'ended', finished: false, mediaAt: 1_000, ...at(1_000) }, rules);
    expect(dropped.state).toMatchObject({ phase: 'waiting', inBroadcast: true });
    const over = stepChannel(dropped.state, { e: 'timer', ...at(61_000) }, rules);
    expect(over.state).toMatchObject({ phase: 'asleep', inBroadcast: false });
    expect(over.effects).toEqual([{ do: 'end-broadcast', why: 'silence' }]);
    const stopped = stepChannel(on, { e: 'stop-broadcast', ...at(1_000) }, rules);
    expect(stopped.state.phase).toBe('asleep');
    expect(dos(stopped.effects)).toEqual(['close', 'end-broadcast']);
  });

  it('begins asleep outside its window, but takes up a broadcast that was on', () => {
    const start = (inBroadcast: boolean) =>
      stepChannel(newChannel, { e: 'start', inBroadcast, mediaAt: 0, open: false, ...at(0) }, rules).state
        .phase;
    expect(start(false)).toBe('asleep');
    expect(start(true)).toBe('opening');
  });

  it.each([
    [0, 9_000],
    [0.5, 10_000],
    [1, 11_000],
  ])('looks again a tenth earlier or later: chance %d', (random, ms) => {
    const { effects } = stepChannel(newChannel, { e: 'looked', live: false, ...at(0, random) }, rules);
    expect(effects).toEqual([{ do: 'wait', ms }]);
  });
});
