/** One box of ISO base media (ISO/IEC 14496-12, 4.2): where its body is. */
export interface Box {
  readonly type: string;
  readonly start: number;
  readonly body: number;
  readonly end: number;
}

/** The boxes between two places; stops at the first that is not whole. */
export function* boxesIn(buffer: Buffer, from: number, to: number): Generator<Box> {
  let at = from;
  while (at + 8 <= to) {
    let size = buffer.readUInt32BE(at);
    let body = at + 8;
    if (size === 1) {
      if (at + 16 > to) return;
      size = Number(buffer.readBigUInt64BE(at + 8));
      body = at + 16;
    } else if (size === 0) size = to - at;
    if (size < body - at || at + size > to) return;
    yield { type: buffer.toString('latin1', at + 4, at + 8), start: at, body, end: at + size };
    at += size;
  }
}

export function findBox(buffer: Buffer, from: number, to: number, type: string): Box | undefined {
  for (const box of boxesIn(buffer, from, to)) if (box.type === type) return box;
  return undefined;
}

/** The box at the end of a path of boxes. */
export function boxAt(buffer: Buffer, from: number, to: number, ...path: readonly string[]): Box | undefined {
  let range = { from, to };
  let box: Box | undefined;
  for (const type of path) {
    box = findBox(buffer, range.from, range.to, type);
    if (!box) return undefined;
    range = { from: box.body, to: box.end };
  }
  return box;
}
