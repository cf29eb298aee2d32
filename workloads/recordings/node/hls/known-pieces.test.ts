import { describe, expect, it } from 'vitest';
import { KnownPieces, readToken } from './known-pieces.ts';
import { type MediaPlaylist, readPlaylist } from './playlist.ts';

/** Pieces that are named by their numbers. */
function list(from: number, count: number): MediaPlaylist {
  const pieces = Array.from({ length: count }, (_, index) => `#EXTINF:2,\n${from + index}.ts`);
  const read = readPlaylist(
    ['#EXTM3U', '#EXT-X-TARGETDURATION:2', `#EXT-X-MEDIA-SEQUENCE:${from}`, ...pieces].join('\n'),
  );
  if (read?.kind !== 'media') throw new Error('no playlist');
  return read;
}
/** All of a list was had, each piece with bytes of its own. */
function known(...lists: MediaPlaylist[]) {
  const pieces = new KnownPieces();
  for (const all of lists) {
    pieces.saw(all);
    for (const piece of all.segments) pieces.had(piece, Buffer.from(piece.uri));
  }
  return pieces;
}

describe('which piece is compared', () => {
  const cases: [what: string, KnownPieces, MediaPlaylist, number, boolean, number | undefined][] = [
    ['a young count, and an older list', known(list(0, 4)), list(0, 2), 4, false, 1],
    ['a young count, and the same list', known(list(0, 4)), list(0, 4), 4, false, undefined],
    ['a young count, and a newer list', known(list(0, 4)), list(0, 5), 4, false, undefined],
    ['a young count after an outage', known(list(0, 3)), list(0, 6), 3, true, 2],
    ['an old count, and an older list', known(list(0, 6)), list(0, 5), 6, false, undefined],
    ['an edge server with short lists', known(list(10, 3), list(11, 3)), list(11, 2), 14, false, undefined],
    ['numbers that were not had', known(list(2, 2)), list(0, 2), 4, false, undefined],
    ['nothing in the list', known(list(0, 3)), list(0, 0), 3, true, undefined],
  ];
  it.each(cases)('of %s', (_what, pieces, playlist, next, blind, sequence) => {
    expect(pieces.suspect(playlist, next, blind)?.sequence).toBe(sequence);
  });

  it('by its bytes, also on the next connection', () => {
    const before = known(list(0, 3));
    const token = readToken(before.token(3));
    expect(token?.next).toBe(3);
    for (const pieces of [before, new KnownPieces(token)]) {
      const piece = pieces.suspect(list(0, 6), 3, true);
      expect(piece?.sequence).toBe(2);
      if (!piece) continue;
      expect(pieces.isSame(piece, Buffer.from('2.ts'))).toBe(true);
      expect(pieces.isSame(piece, Buffer.from('another'))).toBe(false);
    }
  });

  it('of none, when another count has begun', () => {
    const pieces = known(list(0, 3));
    pieces.clear();
    expect(pieces.suspect(list(0, 2), 3, true)).toBeUndefined();
  });
});

it.each([
  ['7', 7],
  ['7:', 7],
  ['7:,,,0123456789abcdef', 7],
  ['', undefined],
  ['NaN', undefined],
  ['-1', undefined],
  ['99999999999999999', undefined],
  ['7:../..', undefined],
])('a token that is %j is of number %s', (text, next) => {
  expect(readToken(text)?.next).toBe(next);
});
