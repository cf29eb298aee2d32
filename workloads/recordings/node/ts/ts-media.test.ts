import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSample } from '../../test/sources/sample.ts';
import { scanTs } from '../segments/scan-ts.ts';

let folder: string;
let packets: Buffer[];
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-ts-'));
  const { path } = makeSample(folder, { seconds: 2, gopSeconds: 1 });
  const file = join(folder, 'sample.ts');
  const argv = ['-nostdin', '-v', 'error', '-i', path, '-c', 'copy', file];
  const { status, stderr } = spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 60_000 });
  if (status !== 0) throw new Error(stderr);
  const bytes = readFileSync(file);
  packets = Array.from({ length: bytes.length / 188 }, (_, n) => bytes.subarray(n * 188, (n + 1) * 188));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** ffmpeg's own numbers: the picture is 0x100, the sound 0x101. */
const pidOf = (packet: Buffer) => packet.readUInt16BE(1) & 0x1fff;
async function scan(list: readonly Buffer[]) {
  const path = join(folder, 'case.ts');
  writeFileSync(path, Buffer.concat(list));
  return await scanTs(path, 0);
}

describe('a segment of a transport stream', () => {
  it('starts with a keyframe although sound stands before its first picture, as ffmpeg may write it', async () => {
    const picture = packets.findIndex((packet) => pidOf(packet) === 0x100);
    const sound = packets.findIndex((packet) => pidOf(packet) === 0x101);
    const first = packets[sound] ?? Buffer.alloc(0);
    const facts = await scan([...packets.slice(0, picture), first, ...packets.slice(picture)]);
    expect(facts.startsWithKeyframe).toBe(true);
    expect(facts.videoFrames).toBe(50);
  });

  it('does not when its first picture needs one before it', async () => {
    const pictures = packets.flatMap((packet, index) =>
      pidOf(packet) === 0x100 && ((packet[1] ?? 0) & 0x40) !== 0 ? [index] : [],
    );
    const [from = 0, to = 0] = pictures;
    const facts = await scan([...packets.slice(0, from), ...packets.slice(to)]);
    expect(facts.startsWithKeyframe).toBe(false);
  });
});
