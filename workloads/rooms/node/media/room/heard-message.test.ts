import { describe, expect, it } from 'vitest';
import { HearingRate, heardBody, heardLength, heardPerSecond } from './heard-message.ts';

describe('what control is told of a message', () => {
  it('is all of a short one', () => {
    expect(heardBody(Buffer.from('hello 世界'), 51)).toEqual({ text: 'hello 世界' });
    expect(heardBody(Buffer.from([0, 255]), 53)).toEqual({ base64: 'AP8=' });
  });

  it('is the beginning of a long one, whatever it is made of', () => {
    for (const character of ['\u0001', 'x', '界', '🎬']) {
      const long = Buffer.from(character.repeat(65_536));
      expect(heardBody(long, 51).text).toBe(character.repeat(heardLength).slice(0, heardLength));
      expect(Buffer.from(heardBody(long, 53).base64 ?? '', 'base64')).toEqual(long.subarray(0, heardLength));
    }
  });

  it('is nothing of what is said too fast', () => {
    const rate = new HearingRate();
    const told = Array.from({ length: 100 }, () => rate.take(0)).filter((taken) => taken);
    expect(told).toHaveLength(heardPerSecond);
    expect(rate.take(999)).toBe(false);
    expect(rate.take(1_000)).toBe(true);
  });
});
