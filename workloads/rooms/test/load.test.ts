import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findWorker, type MediaHouse, noWorker, openMediaHouse } from '../testing/media-house.ts';
import { publishRtp } from '../testing/rtp-publisher.ts';
import { joinViewer, type Viewer } from '../testing/viewer.ts';

const workerBin = await findWorker();
const viewers = 300;
/** As a picture of 360 lines: 84 packets a second of 1,000 bytes, 660 kbit/s. */
const packetsPerSecond = 84;

describe.skipIf(!workerBin)(`an audience${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 2 });
  });
  afterAll(() => house?.close());

  it('of 300 encrypted viewers is spread over two workers and loses at most one packet in a thousand', async () => {
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
    // Ten seconds of the publisher's packets for everybody, however long that takes here.
    await vi.waitFor(
      () => {
        for (const viewer of audience) expect(viewer.received).toBeGreaterThan(10 * packetsPerSecond);
      },
      { timeout: 120_000, interval: 500 },
    );
    const received = audience.reduce((sum, viewer) => sum + viewer.received, 0);
    const missing = audience.reduce((sum, viewer) => sum + viewer.missing, 0);
    const { workers } = await room.call('usage', {});
    expect(missing / (received + missing)).toBeLessThanOrEqual(0.001);
    expect(workers.map(({ consumers }) => consumers).reduce((a, b) => a + b)).toBe(viewers);
    for (const { consumers, predictedPackets, budgetPackets } of workers) {
      expect(consumers).toBeGreaterThan(50);
      expect(predictedPackets).toBeLessThanOrEqual(budgetPackets);
    }
    publisher.close();
    for (const viewer of audience) viewer.close();
    await room.close();
  }, 240_000);
});
