/**
 * Every video packet of a test source carries a serial number inside the picture's bitstream: an SEI message "user data
 * unregistered" (H.264 D.1.6) in front of the slices. It survives every container and every `-c copy`, so what was lost
 * is exact whatever a stream went through. Written in digits, because zero bytes would need emulation prevention.
 */
const uuid = Buffer.from('backlot-serial-#', 'latin1');
const digits = 12;
const payloadLength = uuid.length + digits;
/** NAL header, payload type, payload size, payload, stop bit. */
const nalLength = 1 + 1 + 1 + payloadLength + 1;

/** The stamp as an AVCC unit: four bytes of length, then the SEI. */
export function serialUnit(serial: number): Buffer {
  const unit = Buffer.alloc(4 + nalLength);
  unit.writeUInt32BE(nalLength, 0);
  unit[4] = 0x06;
  unit[5] = 0x05;
  unit[6] = payloadLength;
  uuid.copy(unit, 7);
  unit.write(serial.toString().padStart(digits, '0'), 7 + uuid.length, 'latin1');
  unit[unit.length - 1] = 0x80;
  return unit;
}

/** Puts another number into a packet that has a stamp already. The packet is changed. */
export function restamp(packet: Buffer, serial: number): void {
  const at = packet.indexOf(uuid);
  if (at < 0) throw new Error('This packet has no stamp.');
  packet.write(serial.toString().padStart(digits, '0'), at + uuid.length, 'latin1');
}

/** All serial numbers in some bytes of an elementary stream, in their order. */
export function serialsIn(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = bytes.indexOf(uuid); at >= 0; at = bytes.indexOf(uuid, at + 1)) {
    const text = bytes.toString('latin1', at + uuid.length, at + uuid.length + digits);
    if (/^\d{12}$/.test(text)) found.push(Number(text));
  }
  return found;
}
