import { observer, type types } from 'mediasoup';
import { describe, expect, it, vi } from 'vitest';
import { MediaHostSettings } from '../../../contract/media/settings.ts';
import { findWorker, noWorker, patience } from '../../../testing/media-house.ts';
import { shiftingClock } from '../../../testing/shifting-clock.ts';
import { WorkerSlot } from './worker-slot.ts';

const workerBin = await findWorker();

/** The next worker that begins here, once something has been done to it at that moment. */
function nextWorker(act: (worker: types.Worker) => void): Promise<types.Worker> {
  return new Promise((resolve) => {
    observer.once('newworker', (worker) => {
      act(worker);
      resolve(worker);
    });
  });
}

function isThere(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

describe.skipIf(!workerBin)(`the start of a worker${workerBin ? '' : `: ${noWorker}`}`, () => {
  const openSlot = (clock = shiftingClock()) => {
    const settings = MediaHostSettings.parse({
      workerBin,
      workers: 1,
      listenIp: '127.0.0.1',
      basePort: 0,
      logLevel: 'error',
      logTags: [],
    });
    return { clock, slot: new WorkerSlot({ settings, index: 0, clock, onLost: () => {}, warn: () => {} }) };
  };

  it.each([
    ['before it is known', () => Promise.resolve()],
    ['before it has a port', () => new Promise<void>((resolve) => setImmediate(resolve))],
  ])('has an end when the worker hangs %s: it is killed, and the start has failed', async (_when, moment) => {
    const { clock, slot } = openSlot();
    const hangs = nextWorker(({ pid }) => process.kill(pid, 'SIGSTOP'));
    let failure: unknown;
    const opening = slot.open().catch((error: unknown) => {
      failure = error;
    });
    const { pid } = await hangs;
    await moment();
    await vi.waitFor(() => {
      clock.advance(10_000);
      expect(failure).toBeInstanceOf(Error);
    }, patience);
    await opening;
    await vi.waitFor(() => expect(isThere(pid)).toBe(false), patience);
    expect(slot.running).toBeUndefined();
  });

  it('leaves nothing running when the slot is closed meanwhile', async () => {
    const { slot } = openSlot();
    const begun = nextWorker(() => slot.close());
    const opening = slot.open().catch((error: unknown) => error);
    const { pid } = await begun;
    expect(await opening).toBeInstanceOf(Error);
    await vi.waitFor(() => expect(isThere(pid)).toBe(false), patience);
  });
});
