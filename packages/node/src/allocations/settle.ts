import type { Clock } from '@backlot/contract/clock';

/** Waits for a promise that must not fail, but not for ever. */
export async function settle(work: Promise<void>, clock: Clock, ms: number): Promise<void> {
  let cancel = () => {};
  const limit = new Promise<void>((resolve) => {
    cancel = clock.after(ms, resolve);
  });
  await Promise.race([work.catch(() => undefined), limit]);
  cancel();
}
