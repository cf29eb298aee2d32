export interface FirstUnits {
  /** An instant decoder refresh, or what announces one. */
  readonly key: boolean;
  /** The sequence parameter set, where it is whole. */
  readonly parameters: Buffer | undefined;
}

const nothing: FirstUnits = { key: false, parameters: undefined };

/** Looks at the first NAL units of an access unit in Annex B form (ITU-T H.264 and H.265, annex B): those in `from..end`. */
export function firstUnits(codec: string, buffer: Buffer, from: number, end: number): FirstUnits {
  if (codec !== 'h264' && codec !== 'hevc') return nothing;
  let key = false;
  let parameters: Buffer | undefined;
  let begun = -1;
  for (let at = from; at + 3 < end; at++) {
    if (buffer[at] !== 0 || buffer[at + 1] !== 0 || buffer[at + 2] !== 1) continue;
    if (begun >= 0) {
      parameters = trimmed(buffer, begun, at);
      begun = -1;
    }
    const first = buffer[at + 3] ?? 0;
    const kind = codec === 'h264' ? first & 31 : (first >> 1) & 63;
    if (codec === 'h264' ? kind === 5 || kind === 7 : kind >= 16 && kind <= 21) key = true;
    if (kind === (codec === 'h264' ? 7 : 33)) {
      begun = at + 3;
      key = true;
    }
    at += 3;
  }
  return { key, parameters };
}

/** A unit without the zero bytes that belong to the next start code. Its own bytes. */
function trimmed(buffer: Buffer, from: number, to: number): Buffer {
  let end = to;
  while (end > from && buffer[end - 1] === 0) end -= 1;
  return Buffer.from(buffer.subarray(from, end));
}
