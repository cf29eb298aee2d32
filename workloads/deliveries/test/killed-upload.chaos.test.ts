import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { startS3Stub } from '@backlot/testkit/s3-stub';
import { expect, it, vi } from 'vitest';
import { makeNoise, openWorkFolder } from '../testing/work-process.ts';

const MiB = 1024 ** 2;
const full = process.env.BACKLOT_CHAOS === 'full';
/** A gigabyte where there is time; the same with less where there is not. */
const bytes = full ? 1024 * MiB : 64 * MiB;
const partSize = full ? 16 * MiB : 5 * MiB;
const kills = 20;

interface Kill {
  /** Bytes of parts that had come to the store. */
  readonly received: number;
  /** Requests that had come by then. */
  readonly asked: number;
  /** Whole parts that the store had said something false about, and that are sent again for that. */
  readonly distrusted: number;
}

/**
 * What each kill cost, in bytes: what had come and is not behind the part that the next process begins with. Parts go up one
 * at a time, in their order.
 */
function costs(killed: readonly Kill[], requests: readonly { readonly url: string }[]): number[] {
  let before = 0;
  return killed.map(({ received, asked, distrusted }) => {
    const next = requests.slice(asked).find(({ url }) => url.includes('partNumber='));
    const part = next ? Number(/partNumber=(\d+)/.exec(next.url)?.[1]) : Number.POSITIVE_INFINITY;
    const lost = received - Math.min(bytes, (part - 1) * partSize) - distrusted * partSize;
    const cost = lost - before;
    before = lost;
    return cost;
  });
}

/**
 * An upload whose process is killed twenty times at any moment, with 503s and one wrong ETag between: what arrives is what
 * was sent, and no kill costs more than one part.
 */
it(`an upload of ${bytes / MiB} MiB that is killed ${kills} times arrives whole`, {
  timeout: 900_000,
}, async () => {
  const [stub, folder] = await Promise.all([startS3Stub(), openWorkFolder()]);
  try {
    const source = await makeNoise(join(folder.root, 'film.mp4'), bytes);
    const target = {
      kind: 's3' as const,
      settings: {
        endpoint: stub.endpoint,
        bucket: stub.bucket,
        region: 'us-east-1',
        prefix: '',
        pathStyle: true,
        partSize,
      },
      secrets: { accessKey: stub.accessKey, secretKey: stub.secretKey },
      // Slow enough that a kill falls somewhere into it.
      limits: { bytesPerSecond: full ? 120 * MiB : 12 * MiB, parallel: 1 },
    };
    const request = folder.request(target, { do: 'upload', path: 'film.mp4', onOther: 'rename', source });
    const blows: Kill[] = [];
    let killed = 0;
    let result: unknown;
    while (result === undefined) {
      if (killed === 5) stub.faults.wrongTags = 1;
      if (killed % 6 === 2) stub.faults.unavailable = 3;
      const process = await folder.start(request);
      if (killed < kills) {
        const from = stub.counts.received;
        // Anywhere from the first byte of a part to the middle of the next one.
        const wanted = from + Math.floor(Math.random() * 1.4 * Math.min(partSize, bytes / kills));
        await vi.waitUntil(() => stub.counts.received > wanted || process.child.exitCode !== null, {
          timeout: 60_000,
          interval: 2,
        });
        if (process.child.exitCode === null) {
          killed += 1;
          await process.kill();
          // What it had sent may still be on its way into the store.
          for (let seen = -1; seen !== stub.counts.received; await setTimeout(20))
            seen = stub.counts.received;
          blows.push({
            received: stub.counts.received,
            asked: stub.requests.length,
            distrusted: killed > 5 ? 1 - stub.faults.wrongTags : 0,
          });
          continue;
        }
      }
      result = await process.ended;
    }
    expect(result).toMatchObject({
      outcome: 'uploaded',
      result: { copy: { size: bytes, sha256: source.sha256 } },
    });
    expect(stub.objects.get('film.mp4')?.sha256).toBe(source.sha256);
    expect(stub.uploads.size).toBe(0);
    const again = stub.counts.received - bytes;
    const each = costs(blows, stub.requests).map((cost) => cost / partSize);
    console.info(
      `killed ${killed} times; sent again at each kill: ${each.map((parts) => parts.toFixed(2)).join(', ')} parts; in all ${(again / MiB).toFixed(1)} MiB`,
    );
    for (const parts of each) expect(parts).toBeLessThanOrEqual(1);
    // Nothing is sent again but for a kill, and the one part whose tag was wrong.
    expect(again).toBeLessThanOrEqual((killed + 1) * partSize);
    expect(killed).toBeGreaterThanOrEqual(full ? kills : kills / 2);
    const verify = {
      do: 'verify' as const,
      path: 'film.mp4',
      size: bytes,
      sha256: source.sha256,
      method: 'auto' as const,
    };
    expect(await folder.run({ ...request, work: verify })).toMatchObject({ result: { outcome: 'verified' } });
  } finally {
    await folder.close();
    await stub.close();
  }
});
