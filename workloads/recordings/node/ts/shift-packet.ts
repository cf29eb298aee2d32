import { TS_PACKET } from './ts-packet.ts';

const TURN = 2 ** 33;

/**
 * Moves the times in a packet: its clock reference, and those of the PES packet that begins in it. In place.
 * @param by 90 kHz; may be negative
 */
export function shiftPacket(buffer: Buffer, at: number, by: number): void {
  const control = ((buffer[at + 3] ?? 0) >> 4) & 3;
  const fieldLength = buffer[at + 4] ?? 0;
  if (control & 2 && fieldLength >= 7 && (buffer[at + 5] ?? 0) & 0x10) shiftReference(buffer, at + 6, by);
  if ((control & 1) === 0 || ((buffer[at + 1] ?? 0) & 0x40) === 0) return;
  const pes = at + (control & 2 ? 5 + fieldLength : 4);
  if (pes + 14 > at + TS_PACKET || buffer[pes] !== 0 || buffer[pes + 1] !== 0 || buffer[pes + 2] !== 1)
    return;
  const id = buffer[pes + 3] ?? 0;
  // Picture and sound, and private streams that carry sound; padding and maps have no times.
  if (id < 0xbd || id === 0xbe || id === 0xbf) return;
  const flags = (buffer[pes + 7] ?? 0) >> 6;
  if (flags & 2) shiftStamp(buffer, pes + 9, by);
  if (flags === 3 && pes + 19 <= at + TS_PACKET) shiftStamp(buffer, pes + 14, by);
}

const turned = (value: number): number => ((value % TURN) + TURN) % TURN;

function shiftStamp(buffer: Buffer, at: number, by: number): void {
  const first = buffer[at] ?? 0;
  const value = turned(
    ((first >> 1) & 7) * 2 ** 30 +
      (buffer[at + 1] ?? 0) * 2 ** 22 +
      ((buffer[at + 2] ?? 0) >> 1) * 2 ** 15 +
      (buffer[at + 3] ?? 0) * 2 ** 7 +
      ((buffer[at + 4] ?? 0) >> 1) +
      by,
  );
  buffer[at] = (first & 0xf0) | (Math.floor(value / 2 ** 30) << 1) | 1;
  buffer[at + 1] = Math.floor(value / 2 ** 22) & 255;
  buffer[at + 2] = ((Math.floor(value / 2 ** 15) & 127) << 1) | 1;
  buffer[at + 3] = Math.floor(value / 2 ** 7) & 255;
  buffer[at + 4] = ((value & 127) << 1) | 1;
}

/** A program clock reference: 33 bits of 90 kHz, then what is finer, which stays. */
function shiftReference(buffer: Buffer, at: number, by: number): void {
  const value = turned(buffer.readUInt32BE(at) * 2 + ((buffer[at + 4] ?? 0) >> 7) + by);
  buffer.writeUInt32BE(Math.floor(value / 2), at);
  buffer[at + 4] = ((buffer[at + 4] ?? 0) & 0x7f) | ((value & 1) << 7);
}
