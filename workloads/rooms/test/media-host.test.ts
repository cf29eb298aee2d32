import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findWorker, type MediaHouse, noWorker, openMediaHouse, patience } from '../testing/media-house.ts';
import { publishRtp } from '../testing/rtp-publisher.ts';
import { joinViewer, type Viewer } from '../testing/viewer.ts';

const workerBin = await findWorker();

describe.skipIf(!workerBin)(`the media host${workerBin ? '' : `: ${noWorker}`}`, () => {
  let house: MediaHouse;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 2 });
  });
  afterAll(() => house?.close());

  it('carries a publisher to encrypted viewers on the home worker and over a pipe on another', async () => {
    // So small that the second viewer needs an edge.
    const room = await house.openRoom({ maxConsumersPerRouter: 1 });
    const publisher = await publishRtp(room, { owner: 'ann', kind: 'video', packetsPerSecond: 50 });
    const rtpCapabilities = await room.call('getRouterRtpCapabilities', {});
    const viewers: Viewer[] = [];
    for (const owner of ['bob', 'eve'])
      viewers.push(await joinViewer(room, { owner, producerIds: [publisher.producerId], rtpCapabilities }));
    await vi.waitFor(() => {
      for (const viewer of viewers) expect(viewer.received).toBeGreaterThan(100);
    }, patience);
    const description = await room.call('describe', {});
    expect(new Set(description.transports.map(({ worker }) => worker)).size).toBe(2);
    expect(description.consumers.map(({ owner }) => owner).sort()).toEqual(['bob', 'eve']);
    expect(viewers.map(({ missing }) => missing)).toEqual([0, 0]);
    for (const viewer of viewers) viewer.close();
    publisher.close();
    await room.close();
  });
});
