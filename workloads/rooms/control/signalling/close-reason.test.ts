import { expect, it } from 'vitest';
import { closeReason } from './close-reason.ts';

it('fits a close frame whatever is said, and is not cut inside of a character', () => {
  for (const sentence of [
    'x'.repeat(200),
    '您已被移出房间。'.repeat(20),
    '🎬'.repeat(60),
    'a🎬'.repeat(60),
  ]) {
    const reason = closeReason(sentence);
    expect(Buffer.byteLength(reason)).toBeLessThanOrEqual(123);
    expect(Buffer.byteLength(reason)).toBeGreaterThan(110);
    expect(sentence.startsWith(reason)).toBe(true);
  }
  expect(closeReason('房间已关闭。')).toBe('房间已关闭。');
});
