import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findWorker, type MediaHouse, noWorker, openMediaHouse } from '../testing/media-house.ts';
import { publishRtp } from '../testing/rtp-publisher.ts';
import { joinViewer, type Viewer } from '../testing/viewer.ts';

const workerBin = await findWorker();
/** As many as a test may have beside others on two cores; 300 are in `bench/rooms`. */
const viewers = 120;
/** So small that they need two workers. */
const packetsPerWorker = 12_000;
/** As a picture of 360 lines: 84 packets a second of 1,000 bytes, 660 kbit/s. */
const packetsPerSecond = 84;

describe.skipIf(!workerBin)(`an audience${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 2, packetsPerWorker });
  });
  afterAll(() => house?.close());

  it('of encrypted viewers is spread over two workers and loses at most one packet in a thousand', async () => {
    const room = await house.openRoom({ keyFrameRequestDelayMs: 2_000 });
    const publisher = await publishRtp(room, { owner: 'stage', kind: 'video', packetsPerSecond });
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const audience: Viewer[] = [];
    for (let index = 0; index < viewers; index += 1)
      audience.push(
        await joinViewer(room, {
          owner: `viewer-${index}`,
          producerIds: [publisher.producerId],
          rtpCapabilities,
        }),
      );
    // A machine that was busy with something else may lose what it had no time to read: then another window is measured.
    let loss = 1;
    for (let window = 0; window < 6 && loss > 0.001; window += 1) loss = await lossOfWindow(audience);
    const { workers } = await room.call('usage', {});
    expect(loss).toBeLessThanOrEqual(0.001);
    expect(workers.map(({ consumers }) => consumers).reduce((a, b) => a + b)).toBe(viewers);
    for (const { consumers, predictedPackets, budgetPackets } of workers) {
      expect(consumers).toBeGreaterThan(20);
      expect(predictedPackets).toBeLessThanOrEqual(budgetPackets);
    }
    publisher.close();
    for (const viewer of audience) viewer.close();
    await room.close();
  }, 240_000);
});

/** Share of packets that were lost while everybody received five seconds of the publisher's, however long that takes here. */
async function lossOfWindow(audience: readonly Viewer[]): Promise<number> {
  const sum = (pick: (viewer: Viewer) => number) =>
    audience.reduce((total, viewer) => total + pick(viewer), 0);
  const before = new Map(audience.map((viewer) => [viewer, viewer.received]));
  const missedBefore = sum(({ missing }) => missing);
  await vi.waitFor(
    () => {
      for (const viewer of audience)
        expect(viewer.received - (before.get(viewer) ?? 0)).toBeGreaterThan(5 * packetsPerSecond);
    },
    { timeout: 60_000, interval: 250 },
  );
  const received = sum((viewer) => viewer.received - (before.get(viewer) ?? 0));
  const missed = sum(({ missing }) => missing) - missedBefore;
  return missed / (received + missed);
}
