import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFrame } from './frame.ts';
import { membersOf } from './json-members.ts';
import { isAmbiguous, stampPlayerId } from './stamp.ts';

function frame(json: string) {
  const read = readFrame(Buffer.from(json), false, 16);
  if (typeof read === 'string') throw new Error(read);
  return read;
}
const stamped = (json: string, id = '7') => stampPlayerId(frame(json), id).toString();

describe('a player’s message with our player id in it', () => {
  it.each([
    ['{"type":"offer","sdp":"x"}', '{"playerId":"7","type":"offer","sdp":"x"}'],
    [' \n{ "type":"offer" }\n', '{"playerId":"7", "type":"offer" }\n'],
    ['{"type":"offer","playerId":"1"}', '{"playerId":"7","type":"offer"}'],
    ['{"playerId":"1","type":"offer","playerId":2}', '{"playerId":"7","type":"offer"}'],
    ['{"player\\u0049d":"1","type":"offer"}', '{"playerId":"7","type":"offer"}'],
    ['{"playerId":{"a":[1,"}",{}]},"type":"offer"}', '{"playerId":"7","type":"offer"}'],
    ['{"type":"offer","inner":{"playerId":"1"}}', '{"playerId":"7","type":"offer","inner":{"playerId":"1"}}'],
    // What a stricter writer would change: a big number, an odd exponent, an escape, a null.
    [
      '{"type":"offer","n":12345678901234567890,"e":1E400,"s":"\\u00e9\\/","z":null}',
      '{"playerId":"7","type":"offer","n":12345678901234567890,"e":1E400,"s":"\\u00e9\\/","z":null}',
    ],
  ])('%s becomes %s', (before, after) => expect(stamped(before)).toBe(after));

  it('says exactly what it said before, beside the id, whatever it says', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (fields, spaces) => {
        const json = JSON.stringify({ ...fields, type: 'offer' }, null, spaces % 4);
        const read = readFrame(Buffer.from(json), false, 1_000);
        if (typeof read === 'string') throw new Error(read);
        const { playerId: _, ...rest } = JSON.parse(json);
        const after = JSON.parse(stampPlayerId(read, '1001').toString());
        expect(after).toEqual({ ...rest, playerId: '1001' });
        // The id stands in it once: no reader can find another one.
        expect(membersOf(stampPlayerId(read, '1001')).filter(({ name }) => name === 'playerId')).toHaveLength(
          1,
        );
      }),
      { numRuns: 500 },
    );
  });
});

describe('members of an object', () => {
  it('are found where they stand, whatever is in their names and values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.string(), fc.jsonValue()), { maxLength: 8 }),
        fc.nat(3),
        (pairs, indent) => {
          const parts = pairs.map(
            ([name, value]) =>
              `${JSON.stringify(name)}${' '.repeat(indent)}:\t${JSON.stringify(value, null, indent)}`,
          );
          const json = Buffer.from(`{${' '.repeat(indent)}${parts.join(' ,\r\n')}}`);
          const found = membersOf(json);
          expect(found.map(({ name }) => name)).toEqual(pairs.map(([name]) => name));
          expect(found.map(({ start, end }) => json.toString('utf8', start, end))).toEqual(parts);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('that stand twice are noticed', () => {
    expect(isAmbiguous(frame('{"type":"answer","type":"offer"}'))).toBe(true);
    expect(isAmbiguous(frame('{"type":"answer","\\u0074ype":"offer"}'))).toBe(true);
    expect(isAmbiguous(frame('{"type":"answer","types":"offer"}'))).toBe(false);
  });
});

describe('a frame', () => {
  it.each([
    ['', 'frame_not_json'],
    ['hello', 'frame_not_json'],
    ['{"type":"offer"', 'frame_not_json'],
    ['\ufeff{"type":"offer"}', 'frame_not_json'],
    ['null', 'frame_not_object'],
    ['7', 'frame_not_object'],
    ['"offer"', 'frame_not_object'],
    ['[{"type":"offer"}]', 'frame_not_object'],
    ['{}', 'frame_not_object'],
    ['{"type":7}', 'frame_not_object'],
    ['{"__proto__":{"type":"offer"}}', 'frame_not_object'],
    [`{"type":"offer","a":${'['.repeat(16)}${']'.repeat(16)}}`, 'frame_too_deep'],
    [`{"type":"offer","a":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'frame_too_deep'],
  ])('%.60s is refused as %s', (text, fault) => {
    expect(readFrame(Buffer.from(text), false, 16)).toBe(fault);
  });

  it('of fifteen levels passes, and binary bytes that are no UTF-8 don’t', () => {
    const deep = `{"type":"offer","a":${'['.repeat(15)}${']'.repeat(15)}}`;
    expect(readFrame(Buffer.from(deep), false, 16)).toMatchObject({ type: 'offer' });
    const bytes = Buffer.concat([Buffer.from('{"type":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
    expect(readFrame(bytes, true, 16)).toBe('frame_not_json');
  });
});
