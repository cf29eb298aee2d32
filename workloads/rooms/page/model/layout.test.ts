import { describe, expect, it } from 'vitest';
import { gap, gridFor, tilesPerPage } from './layout.ts';

describe('the grid', () => {
  it.each([
    [1, 1280, 700, 1],
    [2, 1280, 700, 2],
    [2, 380, 700, 1],
    [4, 1280, 700, 2],
    [6, 1280, 700, 3],
    [9, 1280, 700, 3],
  ])('of %i in %i × %i has %i columns', (count, width, height, columns) => {
    expect(gridFor(count, width, height).columns).toBe(columns);
  });

  it('fits, shows everybody, and is no picture that nobody can recognise', () => {
    for (let count = 1; count <= 25; count += 1) {
      for (const [width, height] of [
        [1280, 700],
        [380, 700],
        [700, 380],
      ] as const) {
        const { columns, rows, tileWidth, tileHeight } = gridFor(count, width, height);
        expect(columns * rows).toBeGreaterThanOrEqual(count);
        expect(columns * tileWidth + (columns - 1) * gap).toBeLessThanOrEqual(width);
        expect(rows * tileHeight + (rows - 1) * gap).toBeLessThanOrEqual(height);
        expect(tileWidth / tileHeight).toBeGreaterThan(0.95);
        expect(tileWidth / tileHeight).toBeLessThan(1.85);
      }
    }
  });

  it('holds fewer on a phone, and never none', () => {
    expect(tilesPerPage(380, 650)).toBeLessThan(tilesPerPage(1280, 650));
    expect(tilesPerPage(0, 0)).toBe(2);
    expect(tilesPerPage(4_000, 3_000)).toBe(25);
  });
});
