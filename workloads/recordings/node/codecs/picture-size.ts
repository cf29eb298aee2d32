import { BitReader } from './bit-reader.ts';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Picture size from a sequence parameter set; undefined where it can't be read. Never throws. */
export function pictureSize(codec: 'h264' | 'hevc', unit: Buffer): PictureSize | undefined {
  try {
    const size = codec === 'h264' ? h264Size(new BitReader(unit, 1)) : hevcSize(new BitReader(unit, 2));
    return size.width > 0 && size.height > 0 && size.width <= 16_384 && size.height <= 16_384
      ? size
      : undefined;
  } catch {
    return undefined;
  }
}

/** Profiles that carry chroma_format_idc (ITU-T H.264, 7.3.2.1.1). */
const withChroma = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

function h264Size(bits: BitReader): PictureSize {
  const profile = bits.bits(8);
  bits.bits(16);
  bits.unsigned();
  let chroma = 1;
  if (withChroma.has(profile)) {
    chroma = bits.unsigned();
    if (chroma === 3) bits.bits(1);
    bits.unsigned();
    bits.unsigned();
    bits.bits(1);
    if (bits.bits(1) === 1) skipScalingLists(bits, chroma === 3 ? 12 : 8);
  }
  bits.unsigned();
  const order = bits.unsigned();
  if (order === 0) bits.unsigned();
  else if (order === 1) {
    bits.bits(1);
    bits.signed();
    bits.signed();
    const cycle = Math.min(255, bits.unsigned());
    for (let index = 0; index < cycle; index++) bits.signed();
  }
  bits.unsigned();
  bits.bits(1);
  const widthUnits = bits.unsigned() + 1;
  const heightUnits = bits.unsigned() + 1;
  const frameOnly = bits.bits(1);
  if (frameOnly === 0) bits.bits(1);
  bits.bits(1);
  const crop =
    bits.bits(1) === 1 ? [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()] : [0, 0, 0, 0];
  const [left = 0, right = 0, top = 0, bottom = 0] = crop;
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = (chroma === 1 ? 2 : 1) * (2 - frameOnly);
  return {
    width: widthUnits * 16 - (left + right) * unitX,
    height: heightUnits * 16 * (2 - frameOnly) - (top + bottom) * unitY,
  };
}

function skipScalingLists(bits: BitReader, count: number): void {
  for (let list = 0; list < count; list++) {
    if (bits.bits(1) === 0) continue;
    let last = 8;
    let next = 8;
    for (let index = 0; index < (list < 6 ? 16 : 64); index++) {
      if (next !== 0) next = (last + bits.signed() + 256) % 256;
      if (next !== 0) last = next;
    }
  }
}

/** ITU-T H.265, 7.3.2.2.1. */
function hevcSize(bits: BitReader): PictureSize {
  bits.bits(4);
  const subLayers = bits.bits(3);
  bits.bits(1);
  // profile_tier_level: 88 bits of profile, 8 of level, then what each sub-layer has of both.
  bits.bits(32);
  bits.bits(32);
  bits.bits(32);
  const present: [number, number][] = [];
  for (let layer = 0; layer < subLayers; layer++) present.push([bits.bits(1), bits.bits(1)]);
  if (subLayers > 0) for (let layer = subLayers; layer < 8; layer++) bits.bits(2);
  for (const [profile, level] of present) {
    if (profile === 1) for (let part = 0; part < 11; part++) bits.bits(8);
    if (level === 1) bits.bits(8);
  }
  bits.unsigned();
  const chroma = bits.unsigned();
  if (chroma === 3) bits.bits(1);
  const width = bits.unsigned();
  const height = bits.unsigned();
  if (bits.bits(1) === 0) return { width, height };
  const unitX = chroma === 1 || chroma === 2 ? 2 : 1;
  const unitY = chroma === 1 ? 2 : 1;
  const [left, right, top, bottom] = [bits.unsigned(), bits.unsigned(), bits.unsigned(), bits.unsigned()];
  return { width: width - (left + right) * unitX, height: height - (top + bottom) * unitY };
}
