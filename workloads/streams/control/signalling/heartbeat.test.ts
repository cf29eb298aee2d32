import { describe, expect, it } from 'vitest';
import { Heartbeat } from './heartbeat.ts';
import { ManualClock } from './manual-clock.fixture.ts';
import type { SignalSocket } from './signal-socket.ts';

class FakeLine {
  heard = true;
  pings = 0;
  cutAt: number | undefined;
  readonly #clock: ManualClock;
  readonly #answers: boolean;
  constructor(clock: ManualClock, answers: boolean) {
    this.#clock = clock;
    this.#answers = answers;
  }
  ping() {
    this.pings += 1;
    if (this.#answers) this.heard = true;
  }
  terminate() {
    this.cutAt ??= this.#clock.monotonic();
  }
}

describe('the heartbeat', () => {
  it('leaves whoever answers alone, and ends the half-open within twice the interval, never before one', () => {
    const clock = new ManualClock();
    let silent = 0;
    const heartbeat = new Heartbeat({ clock, pingMs: 10_000, onSilent: () => (silent += 1) });
    const lines: { line: FakeLine; since: number }[] = [];
    const add = (answers: boolean) => {
      const line = new FakeLine(clock, answers);
      const forget = heartbeat.watch(line as unknown as SignalSocket);
      lines.push({ line, since: clock.monotonic() });
      return forget;
    };
    const good = add(true);
    for (let second = 0; second < 25; second += 1) {
      add(false);
      clock.advance(700);
    }
    clock.advance(60_000);
    const [first, ...dead] = lines;
    expect(first?.line.cutAt).toBeUndefined();
    expect(first?.line.pings).toBeGreaterThan(5);
    for (const { line, since } of dead) {
      const tookMs = (line.cutAt ?? Number.POSITIVE_INFINITY) - since;
      expect(tookMs).toBeLessThanOrEqual(20_000);
      expect(tookMs).toBeGreaterThan(9_000);
    }
    expect(silent).toBeGreaterThanOrEqual(dead.length);
    good();
    heartbeat.close();
    expect(clock.pending).toBe(0);
  });
});
