/** Where everything lies in a single-part scan-line OpenEXR file (openexr.com, "OpenEXR File Layout"). */
export interface ExrLayout {
  readonly attributes: readonly { readonly name: string; readonly start: number; readonly end: number }[];
  /** Where each chunk of lines begins, from the start of the file. */
  readonly offsets: readonly number[];
  /** First byte after the table of offsets. */
  readonly chunksStart: number;
}

/** Lines of a chunk by compression: NONE, RLE, ZIPS, ZIP, PIZ, PXR24, B44, B44A, DWAA, DWAB. */
const linesPerChunk = [1, 1, 1, 16, 32, 16, 32, 32, 32, 256];
/** Bits 9 (tiles), 11 (deep) and 12 (multi-part) of the version mean another layout. */
const OTHER_LAYOUTS = 0x1a00;
const MAGIC = 0x01312f76;

/** Reads the layout; undefined for another kind of EXR. @throws RangeError when the file is cut off before its chunks */
export function readExrLayout(data: Buffer): ExrLayout | undefined {
  if (data.readUInt32LE(0) !== MAGIC || (data.readUInt32LE(4) & OTHER_LAYOUTS) !== 0) return undefined;
  const attributes: { name: string; start: number; end: number }[] = [];
  let lines = 0;
  let perChunk = 1;
  let at = 8;
  while (data.readUInt8(at) !== 0) {
    const nameEnd = data.indexOf(0, at);
    const typeEnd = data.indexOf(0, nameEnd + 1);
    const value = typeEnd + 5;
    const end = value + data.readInt32LE(typeEnd + 1);
    const name = data.toString('latin1', at, nameEnd);
    if (name === 'dataWindow') lines = data.readInt32LE(value + 12) - data.readInt32LE(value + 4) + 1;
    if (name === 'compression') perChunk = linesPerChunk[data.readUInt8(value)] ?? 1;
    attributes.push({ name, start: at, end });
    at = end;
  }
  const table = at + 1;
  const chunks = Math.ceil(lines / perChunk);
  const offsets = Array.from({ length: chunks }, (_, i) => Number(data.readBigUInt64LE(table + i * 8)));
  return { attributes, offsets, chunksStart: table + chunks * 8 };
}
