import { expect, it } from 'vitest';
import { quarantineFor } from './flapping.ts';

const rule = { returns: 3, withinMs: 1_000, quarantineMs: 100, maxQuarantineMs: 250 };

it('leaves a node alone that comes back now and then, and keeps work from one that keeps falling silent', () => {
  expect(quarantineFor([0], 0, rule)).toBe(0);
  expect(quarantineFor([0, 100], 100, rule)).toBe(0);
  expect(quarantineFor([0, 100, 200], 200, rule)).toBe(100);
  expect(quarantineFor([0, 100, 200, 300], 300, rule)).toBe(200);
  expect(quarantineFor([0, 100, 200, 300, 400], 400, rule)).toBe(250);
  expect(quarantineFor([0, 2_000, 4_000], 4_000, rule)).toBe(0);
});
