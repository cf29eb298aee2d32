import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareDigests, readDigestLine } from './compare-digests.ts';
import { commonForm } from './packet-form.ts';
import { judgeCopy } from './prove-copy.ts';

const digest = (word: string | number) => Buffer.from(String(word)).toString('hex').padStart(64, '0');
async function* list(words: readonly (string | number)[], setup?: string) {
  yield '#version: 2';
  yield '#tb 0: 1/25';
  if (setup !== undefined) yield `#extradata 0,          41, ${digest(setup)}`;
  yield '#stream#, dts, pts, duration, size, hash';
  for (const [at, word] of words.entries())
    yield `0,  ${at},  ${at}, 1,  100, ${digest(word)}, S=1, 1, ${digest(7)}`;
}
const compare = (source: readonly (string | number)[], output: readonly (string | number)[]) =>
  compareDigests(list(source), list(output));

describe('lists of packets', () => {
  it.each<[string, string[], string[], number, object | undefined]>([
    ['the same', ['a', 'b', 'c'], ['a', 'b', 'c'], 3, undefined],
    ['nothing', [], [], 0, undefined],
    ['another packet', ['a', 'b', 'c'], ['a', 'x', 'c'], 1, { packet: 2, seconds: 0.04, ended: undefined }],
    ['two swapped', ['a', 'b', 'c'], ['a', 'c', 'b'], 1, { packet: 2, seconds: 0.04, ended: undefined }],
    ['one lost', ['a', 'b', 'c'], ['a', 'c'], 1, { packet: 2, seconds: 0.04, ended: undefined }],
    ['the last one lost', ['a', 'b'], ['a'], 1, { packet: 2, seconds: 0.04, ended: 'output' }],
    ['one too many', ['a'], ['a', 'a'], 1, { packet: 2, seconds: undefined, ended: 'source' }],
  ])('%s', async (_name, source, output, equal, differs) => {
    expect(await compare(source, output)).toEqual({ equal, differs, setup: 'equal' });
  });

  it('are equal only when every digest is, in its place', async () => {
    const words = fc.array(fc.integer({ min: 0, max: 2 }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(words, words, async (source, output) => {
        const { differs } = await compare(source, output);
        expect(differs === undefined).toBe(JSON.stringify(source) === JSON.stringify(output));
      }),
    );
  });

  it('tell whether the decoder is set up alike', async () => {
    const setup = async (source?: string, output?: string) =>
      (await compareDigests(list(['a'], source), list(['a'], output))).setup;
    expect(await setup('s', 's')).toBe('equal');
    expect(await setup()).toBe('equal');
    expect(await setup('s', 't')).toBe('unlike');
    expect(await setup(undefined, 't')).toBe('unlike');
  });

  it.each(['#software: Lavf', '', '0, 1, 2', '0, 1, 1, 1, 5, MD5=abc'])('say nothing in %j', (line) => {
    expect(readDigestLine(line)).toBeUndefined();
  });
});

describe('what is said of a copy', () => {
  const raw = commonForm({ codec: 'h264', framing: 'lengths' }, { codec: 'h264', framing: 'lengths' });
  const adts = commonForm({ codec: 'aac', framing: 'start-codes' }, { codec: 'aac', framing: 'lengths' });
  const equal = { equal: 9, differs: undefined, setup: 'equal' } as const;

  it('names what nobody could compare, and nothing else', () => {
    const picture = { name: 'picture', form: raw, comparison: equal, packets: 9 };
    expect(judgeCopy([picture])).toEqual({
      proof: '9 packets of picture: each has the SHA-256 of the source’s',
    });
    const sound = {
      name: 'sound',
      form: adts,
      comparison: { ...equal, setup: 'unlike' as const },
      packets: 11,
    };
    expect(judgeCopy([picture, sound])).toEqual({
      proof:
        '9 packets of picture, 9 packets of sound: each has the SHA-256 of the source’s. Not compared: ADTS headers ' +
        '(sound); 2 packets that can’t be taken apart (sound); the decoder’s set-up, written anew (sound)',
    });
  });

  it.each([
    [0, 9],
    [4, 9],
  ])('is no proof where only %i of %i packets could be looked at', (compared, packets) => {
    const comparison = { ...equal, equal: compared };
    expect(judgeCopy([{ name: 'picture', form: raw, comparison, packets }])).toEqual({
      wrong: `of its picture only ${compared} of ${packets} packets can be compared`,
    });
  });

  it('leaves room for it where there are very many tracks', () => {
    const comparison = { ...equal, setup: 'unlike' as const };
    const tracks = Array.from({ length: 64 }, (_, at) => ({
      name: `sound ${at}`,
      form: adts,
      comparison,
      packets: 9,
    }));
    expect(judgeCopy(tracks)).toEqual({
      proof:
        '576 packets of 64 tracks: each has the SHA-256 of the source’s. Not compared: ADTS headers (64 tracks); ' +
        'the decoder’s set-up, written anew (64 tracks)',
    });
  });

  it('is wrong where parameter sets differ that every muxer copies', () => {
    const comparison = { ...equal, setup: 'unlike' as const };
    expect(judgeCopy([{ name: 'picture', form: raw, comparison, packets: 9 }])).toEqual({
      wrong: 'the parameter sets of its picture are not those of the source',
    });
  });
});
