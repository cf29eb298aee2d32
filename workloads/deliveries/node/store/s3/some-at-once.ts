/**
 * Does pieces in order, as many at once as may be at that moment. After a fault nothing more is begun; what was begun comes
 * to its end, because it may have arrived, and is noted then.
 *
 * @throws the first fault
 */
export async function someAtOnce<T>(
  pieces: Iterable<T>,
  most: () => number,
  act: (piece: T) => Promise<void>,
): Promise<void> {
  const running = new Set<Promise<void>>();
  const faults: unknown[] = [];
  for (const piece of pieces) {
    while (running.size >= Math.max(1, most())) await Promise.race(running);
    if (faults.length > 0) break;
    const done: Promise<void> = act(piece)
      .catch((error: unknown) => {
        faults.push(error);
      })
      .finally(() => running.delete(done));
    running.add(done);
  }
  await Promise.all(running);
  if (faults.length > 0) throw faults[0];
}
