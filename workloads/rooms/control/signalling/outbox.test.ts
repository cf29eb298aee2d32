import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Outbox } from './outbox.ts';

const notification = (n: number) => ({ notification: true, method: 'x', data: { n } }) as const;
const seqOf = (text: string) => (JSON.parse(text) as { seq: number }).seq;

describe('what a session has said', () => {
  it('is numbered without gaps and said again from where the client is', () => {
    const box = new Outbox();
    for (let n = 1; n <= 5; n += 1) expect(seqOf(box.add(notification(n)) ?? '')).toBe(n);
    expect(box.after(2)?.map(seqOf)).toEqual([3, 4, 5]);
    expect(box.after(5)).toEqual([]);
  });

  it('is not said again when it is not known any more, or was never said', () => {
    const box = new Outbox();
    for (let n = 1; n <= 5; n += 1) box.add(notification(n));
    box.acknowledge(3);
    expect(box.after(2)).toBeNull();
    expect(box.after(3)?.map(seqOf)).toEqual([4, 5]);
    expect(box.after(6)).toBeNull();
  });

  it('goes on counting where a session was before a restart', () => {
    const box = new Outbox(41);
    expect(box.after(41)).toEqual([]);
    expect(seqOf(box.add(notification(1)) ?? '')).toBe(42);
    expect(box.after(41)?.map(seqOf)).toEqual([42]);
  });

  it('has an end: a client that reads nothing is not kept for ever', () => {
    const byCount = new Outbox(0, { frames: 3, size: 1_000_000 });
    expect([1, 2, 3, 4].map((n) => byCount.add(notification(n)) !== null)).toEqual([true, true, true, false]);
    byCount.acknowledge(1);
    expect(seqOf(byCount.add(notification(5)) ?? '')).toBe(4);
    const bySize = new Outbox(0, { frames: 1_000, size: 100 });
    expect(bySize.add({ notification: true, method: 'x', data: { text: 'y'.repeat(200) } })).toBeNull();
    expect(bySize.last).toBe(0);
  });

  it('loses nothing and repeats nothing, whatever is said, acknowledged and resumed in which order', () => {
    const step = fc.oneof(
      fc.constant('say' as const),
      fc.constant('lose' as const),
      fc.constant('ack' as const),
      fc.constant('resume' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const box = new Outbox();
        const heard: number[] = [];
        let said = 0;
        for (const one of steps) {
          if (one === 'say' || one === 'lose') {
            said += 1;
            const text = box.add(notification(said));
            // A frame that got lost on a broken socket, or one after it, never comes before it.
            if (one === 'say' && heard.length === seqOf(text ?? '') - 1) heard.push(seqOf(text ?? ''));
          } else if (one === 'ack') box.acknowledge(heard.length);
          else for (const text of box.after(heard.length) ?? []) heard.push(seqOf(text));
        }
        for (const text of box.after(heard.length) ?? []) heard.push(seqOf(text));
        expect(heard).toEqual(Array.from({ length: said }, (_, n) => n + 1));
      }),
    );
  });
});
