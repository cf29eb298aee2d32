/** How tiles are laid out. Pixels. */
export interface Grid {
  readonly columns: number;
  readonly rows: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

export const gap = 8;
/** Pictures are cut to between these shapes, so that tiles fill the room that there is; on a phone more than elsewhere. */
const widest = 16 / 9;
const narrowest = { wide: 4 / 3, tall: 1 };

/** The grid in which `count` tiles are largest. Pure. */
export function gridFor(count: number, width: number, height: number): Grid {
  const least = width > height ? narrowest.wide : narrowest.tall;
  let best: Grid = { columns: 1, rows: Math.max(1, count), tileWidth: 0, tileHeight: 0 };
  for (let columns = 1; columns <= Math.max(1, count); columns += 1) {
    const rows = Math.ceil(Math.max(1, count) / columns);
    const cellWidth = (width - gap * (columns - 1)) / columns;
    const cellHeight = (height - gap * (rows - 1)) / rows;
    if (cellWidth <= 0 || cellHeight <= 0) continue;
    const shape = Math.min(widest, Math.max(least, cellWidth / cellHeight));
    const tileWidth = Math.floor(Math.min(cellWidth, cellHeight * shape));
    const tileHeight = Math.floor(Math.min(cellHeight, cellWidth / shape));
    if (tileWidth * tileHeight > best.tileWidth * best.tileHeight) {
      best = { columns, rows, tileWidth, tileHeight };
    }
  }
  return best;
}

/** So many tiles fit without becoming too small to know anybody. */
export function tilesPerPage(width: number, height: number): number {
  const smallest = width < 600 ? 150 * 130 : 210 * 130;
  return Math.max(2, Math.min(25, Math.floor((width * height) / smallest)));
}
