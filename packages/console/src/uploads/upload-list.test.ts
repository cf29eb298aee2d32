import type { Clock } from '@backlot/contract/clock';
import { systemClock } from '@backlot/contract/clock';
import type { UploadOptions, UploadResult } from '@backlot/sdk/uploads';
import { describe, expect, it } from 'vitest';
import { totalProgress, UploadList } from './upload-list.ts';

interface Running {
  readonly options: UploadOptions;
  readonly finish: (error?: Error) => void;
}

/** A line that the test drives by hand. */
function handLine() {
  const running: Running[] = [];
  const send = (file: File, options: UploadOptions) =>
    new Promise<UploadResult>((resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
      running.push({
        options,
        finish: (error) => {
          if (error) return reject(error);
          resolve({
            sent: true,
            artifact: {
              id: `artifact of ${file.name}`,
              projectId: 'p',
              jobId: null,
              taskId: null,
              name: file.name,
              kind: 'upload',
              digest: '0'.repeat(64),
              size: file.size,
              mediaType: 'model/gltf-binary',
              meta: {},
              createdAt: '2026-11-20T12:00:00Z',
              retentionUntil: null,
              stored: true,
              holders: [],
            },
          });
        },
      });
    });
  return { running, send };
}

const file = (name: string, size = 10) => ({ path: name, file: new File([new Uint8Array(size)], name) });
const settle = () => new Promise((resolve) => setImmediate(resolve));

describe('uploads', () => {
  it('go two at a time, in the order they came', async () => {
    const { running, send } = handLine();
    const list = new UploadList('p', send, systemClock);
    list.add([file('a'), file('b'), file('c')]);
    expect(list.snapshot().map((one) => one.state)).toEqual(['reading', 'reading', 'waiting']);
    running[0]?.finish();
    await settle();
    expect(list.snapshot().map((one) => one.state)).toEqual(['done', 'reading', 'reading']);
    expect(running.map((one) => one.options.name)).toEqual(['a', 'b', 'c']);
  });

  it('say what went wrong, and start again when asked', async () => {
    const { running, send } = handLine();
    const list = new UploadList('p', send, systemClock);
    list.add([file('a')]);
    running[0]?.finish(new Error('no room'));
    await settle();
    expect(list.snapshot()[0]).toMatchObject({ state: 'failed', error: new Error('no room') });
    list.retry(list.snapshot()[0]?.id ?? 0);
    running[1]?.finish();
    await settle();
    expect(list.snapshot()).toMatchObject([{ path: 'a', state: 'done' }]);
  });

  it('stop when they are removed, and make room for the next', async () => {
    const { running, send } = handLine();
    const list = new UploadList('p', send, systemClock);
    list.add([file('a'), file('b'), file('c')]);
    list.remove(list.snapshot()[0]?.id ?? 0);
    await settle();
    expect(running[0]?.options.signal?.aborted).toBe(true);
    expect(list.snapshot().map((one) => [one.path, one.state])).toEqual([
      ['b', 'reading'],
      ['c', 'reading'],
    ]);
  });

  it('replace a file of the same path', () => {
    const { running, send } = handLine();
    const list = new UploadList('p', send, systemClock);
    list.add([file('a', 10)]);
    list.add([file('a', 20)]);
    expect(list.snapshot().map((one) => one.size)).toEqual([20]);
    expect(running[0]?.options.signal?.aborted).toBe(true);
  });

  it('measure the rate while sending, and not while reading', () => {
    const { running, send } = handLine();
    let now = 0;
    const clock: Clock = { ...systemClock, monotonic: () => now };
    const list = new UploadList('p', send, clock);
    list.add([file('a', 4000)]);
    const progress = running[0]?.options.onProgress;
    progress?.({ phase: 'reading', done: 4000, total: 4000 });
    expect(list.snapshot()[0]?.rate).toBeNull();
    progress?.({ phase: 'sending', done: 0, total: 4000 });
    now = 1000;
    progress?.({ phase: 'sending', done: 2000, total: 4000 });
    expect(list.snapshot()[0]).toMatchObject({ state: 'sending', done: 2000, rate: 2000 });
    expect(totalProgress(list.snapshot())).toEqual({ done: 2000, total: 4000, rate: 2000 });
  });
});
