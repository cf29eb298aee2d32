import { describe, expect, it } from 'vitest';
import type { ThumbnailAnswer } from '../../contract.ts';
import { ManualClock } from '../signalling/manual-clock.fixture.ts';
import { Thumbnails, type WantedPicture, widthFor } from './thumbnails.ts';

const answer = (width: number): ThumbnailAnswer => ({ mediaType: 'image/png', data: '', width, height: 1 });
const of = (instanceId: string, width = 320, nodeId = 'node'): WantedPicture => ({
  instanceId,
  appId: 'app',
  nodeId,
  allocation: `of ${instanceId}`,
  width,
});

/** Pictures that are taken when the test says so. */
function studio() {
  const clock = new ManualClock();
  const taken: string[] = [];
  const open: { readonly done: () => void; readonly fail: () => void }[] = [];
  const thumbnails = new Thumbnails(clock, ({ instanceId, width }) => {
    taken.push(`${instanceId} ${width}`);
    return new Promise((resolve, reject) =>
      open.push({ done: () => resolve(answer(width)), fail: () => reject(new Error('no picture')) }),
    );
  });
  /** Ends the look that began first, and lets what follows from it happen. */
  const end = async (how: 'done' | 'fail' = 'done') => {
    open.shift()?.[how]();
    await settled();
  };
  return { clock, taken, thumbnails, end };
}
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('pictures of running streams', () => {
  it.each([
    [64, 320],
    [320, 320],
    [321, 640],
    [1_000, 1_280],
    [1_280, 1_280],
  ])('are %i wide on request, and taken at %i', (asked, width) => expect(widthFor(asked)).toBe(width));

  it('are taken once for all who want them, and again when they are old', async () => {
    const { clock, taken, thumbnails, end } = studio();
    const [first, second] = [thumbnails.get(of('a')), thumbnails.get(of('a', 100))];
    await end();
    expect(await first).toBe(await second);
    expect(await thumbnails.get(of('a'))).toBe(await first);
    expect(taken).toEqual(['a 320']);
    clock.advance(10_000);
    void thumbnails.get(of('a'));
    expect(taken).toEqual(['a 320', 'a 320']);
  });

  it('that could not be taken are tried again by whoever asks next', async () => {
    const { taken, thumbnails, end } = studio();
    const first = thumbnails.get(of('a'));
    const refused = expect(first).rejects.toThrow('no picture');
    await end('fail');
    await refused;
    void thumbnails.get(of('a'));
    expect(taken).toHaveLength(2);
  });

  it('are taken two at a time on a node; the others wait in line, and not for long', async () => {
    const { clock, taken, thumbnails, end } = studio();
    const all = ['a', 'b', 'c', 'd'].map((id) => thumbnails.get(of(id)));
    void thumbnails.get(of('e', 320, 'elsewhere'));
    expect(taken).toEqual(['a 320', 'b 320', 'e 320']);
    await end();
    expect(taken.at(-1)).toBe('c 320');
    clock.advance(15_000);
    const late = expect(all[3]).rejects.toMatchObject({ code: 'thumbnails_busy' });
    await end();
    await late;
    expect(taken).toHaveLength(4);
  });

  it('are refused when the line is long', async () => {
    const { thumbnails, taken, end } = studio();
    const all = Array.from({ length: 18 }, (_, index) => thumbnails.get(of(`i${index}`)));
    await expect(thumbnails.get(of('more'))).rejects.toMatchObject({ code: 'thumbnails_busy' });
    for (const _ of all) await end();
    await Promise.all(all);
    expect(taken).toHaveLength(18);
    void thumbnails.get(of('more'));
    expect(taken).toHaveLength(19);
  });
});
