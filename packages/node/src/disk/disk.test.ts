import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskState } from '@backlot/contract';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { mountSmallDisk } from '@backlot/testkit/small-disk';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { admits } from './admission.ts';
import { DiskWatch, diskSpace } from './disk-watch.ts';
import { roomToStart } from './room-to-start.ts';
import { isNotice, judgeDisk, noticeMs, startBytes, watermarksOf } from './watermarks.ts';

const log = pino({ level: 'silent' });
const amount = fc.double({ min: 0, max: 20e12, noNaN: true });
const state = fc.constantFrom<DiskState>('ok', 'low', 'full');

describe('watermarks', () => {
  it('lie in order on disks of every size', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e6, max: 100e12, noNaN: true }), (total) => {
        const { soft, hard, reserve, last } = watermarksOf(total);
        expect(soft).toBeGreaterThan(hard);
        expect(hard).toBeGreaterThan(last);
        expect(reserve).toBeLessThanOrEqual(256e6);
        expect(hard).toBeLessThanOrEqual(2e9);
        expect(soft + reserve).toBeLessThan(total);
      }),
    );
  });

  it('get worse at once and better with slack, so that a state never flutters', () => {
    fc.assert(
      fc.property(amount, state, (free, before) => {
        const marks = watermarksOf(1e12);
        const after = judgeDisk(free, marks, before);
        if (free < marks.hard) expect(after).toBe('full');
        if (free > marks.soft * 1.1) expect(after).toBe('ok');
        expect(judgeDisk(free, marks, after)).toBe(after);
      }),
    );
  });

  it('are told at most once in ten minutes, however the disk goes up and down', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(state, fc.integer({ min: 1, max: 120_000 })), { maxLength: 200 }),
        (steps) => {
          let before: DiskState = 'ok';
          let now = 0;
          let lastAt: number | undefined;
          for (const [next, ms] of steps) {
            now += ms;
            if (isNotice(next, before, now, lastAt)) {
              expect(lastAt === undefined || now - lastAt >= noticeMs).toBe(true);
              lastAt = now;
            }
            before = next;
          }
        },
      ),
    );
  });
});

describe('disk admission', () => {
  it('keeps room for what was promised, and what the disk must keep', () => {
    const total = 1e12;
    expect(admits({ free: 100e9, total }, 0, 1e9, 'batch').ok).toBe(true);
    expect(admits({ free: 100e9, total }, 95e9, 1e9, 'batch').ok).toBe(false);
    expect(admits({ free: 5e9, total: 20e9 }, 0, 2e9, 'batch').ok).toBe(true);
    expect(admits({ free: 4e9, total: 20e9 }, 0, 4e9, 'batch').ok).toBe(false);
  });

  it('lets recordings have what batch work may not, and uploads come when nothing else may', () => {
    const space = { free: 8e9, total: 1e12 };
    expect(admits(space, 0, 1e9, 'batch').ok).toBe(false);
    expect(admits(space, 0, 1e9, 'live').ok).toBe(true);
    expect(admits({ ...space, free: 1e9 }, 0, 0, 'live').ok).toBe(false);
    expect(admits({ ...space, free: 1e9 }, 0, 0, 'batch').ok).toBe(true);
    expect(admits({ ...space, free: 1e6 }, 0, 0, 'batch').ok).toBe(false);
  });
});

const small = mountSmallDisk(64);
if ('why' in small) console.log(`Skipped: ${small.why}.`);
afterAll(() => {
  if ('unmount' in small) small.unmount();
});

describe.runIf('folder' in small)('a small disk', () => {
  const folder = 'folder' in small ? small.folder : '';
  const MB = 1024 * 1024;
  const fill = async (name: string, leave: number) => {
    if ('fill' in small) await small.fill(name, leave);
  };

  it('is watched as it fills: states, a reserve given back at last, relief, one notice, and back again', async () => {
    let monotonic = 0;
    /** The wait of an agent that can't start, without its seconds. */
    const sleep: Clock['sleep'] = (_ms, signal) => systemClock.sleep(1, signal);
    const clock: Clock = { ...systemClock, monotonic: () => monotonic };
    const states: DiskState[] = [];
    const notices: DiskState[] = [];
    let relieved = 0;
    const paced: boolean[] = [];
    let away = true;
    const watch = await DiskWatch.open({
      folder,
      clock,
      log,
      changed: (next) => states.push(next),
      pace: async (roomy) => {
        paced.push(roomy);
      },
      relieve: async () => {
        relieved += 1;
      },
      notice: async (next) => {
        if (!away) notices.push(next);
        return !away;
      },
    });
    const { hard, soft, reserve, last } = watch.marks;
    const reserveFile = join(folder, 'reserve');
    await watch.look();
    expect(watch.state).toBe('ok');
    expect(statSync(reserveFile).size).toBe(reserve);

    await fill('some', (soft + hard) / 2);
    await watch.look();
    await fill('more', hard / 2);
    await watch.look();
    expect(states).toEqual(['low', 'full']);
    expect(paced).toEqual([true, false, false]);
    // Nobody was there to be told: what is told later is how it stands then, once.
    expect(notices).toEqual([]);
    away = false;
    await watch.look();
    await watch.look();
    expect(notices).toEqual(['full']);
    expect(relieved).toBe(3);
    expect(existsSync(reserveFile)).toBe(true);

    await fill('all', last / 4);
    await watch.look();
    // What was reserved is there to close files with, and the rest for an agent that has to start now.
    const kept = startBytes(64 * MB);
    expect(statSync(reserveFile).size).toBe(kept);
    expect((await diskSpace(folder)).free).toBeGreaterThan((reserve - kept) * 0.9);
    await fill('all', 0);
    await roomToStart({ folder, clock, log, signal: AbortSignal.timeout(20_000) });
    expect(existsSync(reserveFile)).toBe(false);
    await fill('all', 0);
    const waiting = roomToStart({
      folder,
      clock: { ...clock, sleep },
      log,
      signal: AbortSignal.timeout(20_000),
    });
    rmSync(join(folder, 'all'));
    await waiting;

    for (const name of ['some', 'more']) rmSync(join(folder, name));
    await watch.look();
    expect(watch.state).toBe('ok');
    expect(paced.at(-1)).toBe(true);
    expect(statSync(reserveFile).size).toBe(reserve);

    monotonic += 1_000;
    await fill('some', hard / 2);
    await watch.look();
    expect(notices).toEqual(['full']);
    rmSync(join(folder, 'some'));
    await watch.look();
    monotonic += 10 * 60_000;
    await fill('some', hard / 2);
    await watch.look();
    expect(notices).toEqual(['full', 'full']);
    rmSync(join(folder, 'some'));
    expect(reserve).toBeLessThan(MB);
    await watch.close();
  });
});
