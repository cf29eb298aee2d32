/** A PES packet of an MPEG transport stream, as a test sees it. */
export interface TestPes {
  readonly pid: number;
  readonly kind: 'video' | 'audio' | 'other';
  /** 90 kHz, 33 bits. */
  readonly pts: number | undefined;
  readonly payload: Buffer;
}

const videoTypes = new Set([0x1b, 0x24, 0x02]);
const audioTypes = new Set([0x0f, 0x11, 0x03, 0x04]);

/**
 * Takes a transport stream apart (ISO/IEC 13818-1): enough to compare what went in with what came out. A torn packet at
 * the end is left out. @throws when a packet does not begin with the sync byte
 */
export function readPes(file: Buffer): TestPes[] {
  const kinds = new Map<number, TestPes['kind']>();
  const tables = new Set<number>([0]);
  const open = new Map<number, Buffer[]>();
  const done: TestPes[] = [];
  const finish = (pid: number) => {
    const parts = open.get(pid);
    if (parts) done.push(readHeader(pid, kinds.get(pid) ?? 'other', Buffer.concat(parts)));
    open.delete(pid);
  };
  for (let at = 0; at + 188 <= file.length; at += 188) {
    if (file[at] !== 0x47) throw new Error(`No sync byte at ${at}.`);
    const pid = file.readUInt16BE(at + 1) & 0x1fff;
    const starts = ((file[at + 1] ?? 0) & 0x40) !== 0;
    const control = ((file[at + 3] ?? 0) >> 4) & 3;
    if ((control & 1) === 0) continue;
    const from = at + 4 + (control & 2 ? 1 + (file[at + 4] ?? 0) : 0);
    const payload = file.subarray(from, at + 188);
    if (tables.has(pid)) {
      if (starts) readTable(payload.subarray(1 + (payload[0] ?? 0)), tables, kinds);
    } else if (kinds.has(pid)) {
      if (starts) {
        finish(pid);
        open.set(pid, [payload]);
      } else open.get(pid)?.push(payload);
    }
  }
  for (const pid of [...open.keys()]) finish(pid);
  return done;
}

function readTable(section: Buffer, tables: Set<number>, kinds: Map<number, TestPes['kind']>): void {
  const length = section.readUInt16BE(1) & 0xfff;
  const end = 3 + length - 4;
  if (section[0] === 0) {
    for (let at = 8; at + 4 <= end; at += 4) tables.add(section.readUInt16BE(at + 2) & 0x1fff);
  } else if (section[0] === 2) {
    let at = 12 + (section.readUInt16BE(10) & 0xfff);
    while (at + 5 <= end) {
      const type = section[at] ?? 0;
      const kind = videoTypes.has(type) ? 'video' : audioTypes.has(type) ? 'audio' : 'other';
      kinds.set(section.readUInt16BE(at + 1) & 0x1fff, kind);
      at += 5 + (section.readUInt16BE(at + 3) & 0xfff);
    }
  }
}

function readHeader(pid: number, kind: TestPes['kind'], bytes: Buffer): TestPes {
  if (bytes.length < 9 || bytes.readUIntBE(0, 3) !== 1) return { pid, kind, pts: undefined, payload: bytes };
  const hasPts = ((bytes[7] ?? 0) & 0x80) !== 0 && bytes.length >= 14;
  const pts = hasPts
    ? ((bytes[9] ?? 0) & 0x0e) * 2 ** 29 +
      ((bytes.readUInt16BE(10) & 0xfffe) >>> 1) * 2 ** 15 +
      ((bytes.readUInt16BE(12) & 0xfffe) >>> 1)
    : undefined;
  return { pid, kind, pts, payload: bytes.subarray(9 + (bytes[8] ?? 0)) };
}
