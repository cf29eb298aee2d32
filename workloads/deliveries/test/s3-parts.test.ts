import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { mostDoubts, suspectParts } from '../node/store/s3/suspect-parts.ts';
import { StoreFault } from '../node/store/store-fault.ts';
import { passOn } from './pass-on.ts';
import { openS3Bench, partSize, type S3Bench, soon } from './s3-bench.ts';

/** A store that refuses to put parts together: only what it does not have is sent again. */
describe('parts that a store refuses to put together', () => {
  let bench: S3Bench;
  let server: Server;
  /** So many of the next requests to put parts together, and of those to list parts, are answered with a fault. */
  let refusals: number;
  let lists: number;
  let part: string;
  /** The store loses this part before it is asked to put them together. */
  let lost: number | undefined;
  let listStatus: number;
  beforeEach(async () => {
    bench = await openS3Bench();
    [refusals, lists, part, listStatus, lost] = [0, 0, '', 503, undefined];
    const fault = (response: ServerResponse, status: number, code: string) => {
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(`<Error><Code>${code}</Code><Message>no</Message>${part}</Error>`);
      return true;
    };
    server = createServer(
      passOn(bench.stub, ({ method, url = '' }, response) => {
        if (!url.includes('uploadId=')) return false;
        if (method === 'POST' && lost !== undefined) {
          for (const { parts } of bench.stub.uploads.values()) parts.delete(lost);
          lost = undefined;
        }
        if (method === 'POST' && refusals > 0) {
          refusals -= 1;
          return fault(response, 400, 'InvalidPart');
        }
        if (method === 'GET' && lists > 0) {
          lists -= 1;
          return fault(response, listStatus, 'InternalError');
        }
        return false;
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await bench.close();
  });

  /** How often each of three parts has gone up, in the end. */
  async function sent(): Promise<readonly number[]> {
    const { stub, folder, upload } = bench;
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { source, request } = await upload(3 * partSize, 'film.mp4', { endpoint });
    const { result } = await folder.run(request);
    expect(result).toMatchObject({ outcome: 'uploaded' });
    expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
    expect(stub.uploads.size).toBe(0);
    return [1, 2, 3].map((number) => stub.counts.parts.get(number) ?? 0);
  }

  it('are not sent again while it can’t say which it means', async () => {
    [refusals, lists] = [3, 3];
    expect(await sent()).toEqual([1, 1, 1]);
    expect([refusals, lists]).toEqual([0, 0]);
  });

  it('are not sent again when it has all of them after all', async () => {
    refusals = 2;
    expect(await sent()).toEqual([1, 1, 1]);
  });

  it('are sent again but for those that it has, also after its list has failed', async () => {
    [lost, lists] = [3, 2];
    expect(await sent()).toEqual([1, 1, 2]);
    expect(lists).toBe(0);
  });

  it('are sent again but for those that it does not name, where it can’t list them', async () => {
    [refusals, lists, listStatus, part] = [1, 1, 403, '<PartNumber>2</PartNumber>'];
    expect(await sent()).toEqual([1, 2, 1]);
  });

  it('are all sent again by a store that never lists any, and says no more', async () => {
    [refusals, lists, listStatus] = [1, 1, 403];
    expect(await sent()).toEqual([2, 2, 2]);
  });

  it('are all sent again when it has refused them often enough without a reason', async () => {
    [refusals, lists] = [mostDoubts, mostDoubts];
    expect(await sent()).toEqual([2, 2, 2]);
  });

  it('stay when the store only does not know the condition', async () => {
    bench.stub.faults.noConditions = true;
    bench.stub.faults.noLists = true;
    expect(await sent()).toEqual([1, 1, 1]);
  });
});

describe('an upload that another node has begun', () => {
  let bench: S3Bench;
  beforeEach(async () => {
    bench = await openS3Bench();
  });
  afterEach(() => bench.close());

  it.each([
    [3, 1],
    // A store that never lists takes the file all the same.
    [1_000, 2],
  ])('is gone on with after %i lists that fail, or begun anew at last', async (failing, sent) => {
    const { stub, folder, upload } = bench;
    let lists = failing;
    const server = createServer(
      passOn(stub, ({ method, url = '' }, response) => {
        if (method !== 'GET' || !url.includes('uploads') || lists === 0) return false;
        lists -= 1;
        response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>no</Message></Error>');
        return true;
      }),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { source, request } = await upload(3 * partSize);
      stub.faults.slowMs = 100;
      const first = await folder.start(request);
      await vi.waitFor(() => expect(stub.counts.parts.get(1)).toBe(1), soon);
      await first.kill();
      stub.faults.slowMs = 0;
      const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const elsewhere = {
        ...request,
        target: { ...request.target, settings: { ...request.target.settings, endpoint } },
        means: { ...request.means, keep: join(folder.root, 'other-node') },
      };
      expect((await folder.run(elsewhere)).result).toMatchObject({ outcome: 'uploaded' });
      expect(stub.objects.get('in/film.mp4')?.sha256).toBe(source.sha256);
      expect(stub.counts.parts.get(1)).toBe(sent);
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

describe('which parts are suspect', () => {
  const noted = [1, 2, 3].map((number) => ({ number, size: 5, etag: `"tag-${number}"` }));
  const listed = (...all: [number: number, etag: string, size: number][]) =>
    new Map(all.map(([number, etag, size]) => [number, { number, etag, size }]));
  const whole = listed([1, 'tag-1', 5], [2, 'tag-2', 5], [3, '"tag-3"', 5]);
  const away = new StoreFault('away', 'busy');
  const none = { named: undefined, doubts: 0 };
  it.each([
    ['one is missing', { ...none, listed: listed([1, 'tag-1', 5], [3, 'tag-3', 5]) }, [2], true],
    ['one has another tag', { ...none, listed: new Map([...whole, ...listed([2, 'x', 5])]) }, [2], true],
    ['one has another size', { ...none, listed: new Map([...whole, ...listed([3, 'tag-3', 4])]) }, [3], true],
    ['all are there', { ...none, listed: whole }, [], false],
    ['all are there, and one is named', { ...none, listed: whole, named: 2 }, [2], false],
    ['the list fails', { ...none, listed: away }, [], false],
    ['the list fails, and one is named', { ...none, listed: away, named: 3 }, [3], false],
    ['one is named that nobody knows', { ...none, listed: away, named: 9 }, [], false],
    ['lists are forbidden', { ...none, listed: new StoreFault('refused', 'no') }, [1, 2, 3], true],
    ['it goes on like that', { listed: away, named: 2, doubts: mostDoubts - 1 }, [1, 2, 3], true],
    ['it goes on, and the list knows', { listed: listed(), named: 2, doubts: 99 }, [1, 2, 3], true],
  ])('when %s', (_when, refusal, numbers, settled) => {
    expect(suspectParts({ noted, ...refusal })).toEqual({ numbers, settled });
  });
});
