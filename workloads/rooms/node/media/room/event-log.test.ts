import { describe, expect, it } from 'vitest';
import { EventLog } from './event-log.ts';

const paused = (consumerId: string) => ({ event: 'consumerPaused', owner: 'ann', consumerId }) as const;

describe('the log of a room’s events', () => {
  it('numbers without gaps and gives what came after a number', () => {
    const passed: number[] = [];
    const log = new EventLog(({ seq }) => passed.push(seq));
    expect(log.after(0)).toEqual({ complete: true, seq: 0, events: [] });
    for (const id of ['a', 'b', 'c']) log.tell(paused(id));
    expect(passed).toEqual([1, 2, 3]);
    expect(log.after(1).events.map(({ seq }) => seq)).toEqual([2, 3]);
    expect(log.after(3)).toEqual({ complete: true, seq: 3, events: [] });
  });

  it('says that it is not complete when what was asked for is gone, or was never there', () => {
    const log = new EventLog(() => {});
    for (let count = 0; count < 1_005; count += 1) log.tell(paused('a'));
    expect(log.after(4)).toMatchObject({ complete: false, events: [] });
    expect(log.after(5)).toMatchObject({ complete: true });
    expect(log.after(5).events).toHaveLength(1_000);
    expect(log.after(2_000)).toMatchObject({ complete: false, seq: 1_005 });
  });

  it('does not keep what was said in messages', () => {
    const passed: unknown[] = [];
    const log = new EventLog((event) => passed.push(event));
    log.tell({ event: 'dataMessage', owner: 'ann', dataProducerId: 'd', text: 'a secret' });
    expect(passed).toMatchObject([{ seq: 1, text: 'a secret' }]);
    expect(log.after(0).events).toEqual([
      { event: 'dataMessage', seq: 1, owner: 'ann', dataProducerId: 'd' },
    ]);
  });
});
