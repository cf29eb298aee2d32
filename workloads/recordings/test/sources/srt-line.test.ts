import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planFfmpeg } from '../../node/sources/ffmpeg/arguments.ts';
import { freePort, srtServer } from './listeners.ts';
import { makeSample, type Sample } from './sample.ts';
import { serialsIn } from './serial-stamp.ts';
import { readPes } from './ts-packets.ts';
import { type Line, udpWitness } from './wire-witness.ts';

/**
 * SRT over lines as they are: far away, and losing packets. From ffmpeg it may be recorded
 * without SRT's fixed delay; then what was lost may come again for a second, and not for 120 ms.
 */
let folder: string;
let sample: Sample;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-srt-'));
  sample = makeSample(folder, { seconds: 60, gopSeconds: 1 });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The numbers of the pictures that come over a line in the order in which they come, until there are so many. */
async function record(line: Line, query: string, pictures: number): Promise<number[]> {
  const port = await freePort();
  const server = await srtServer({ path: sample.path }, undefined, port);
  const witness = await udpWitness(port, line);
  const url = `srt://127.0.0.1:${witness.port}${query}`;
  const { argv } = planFfmpeg('ffmpeg', { kind: 'srt', url }, 'copy');
  const [command = '', ...rest] = argv;
  let serials: number[] = [];
  try {
    // The server needs a moment until it listens, and ffmpeg asks for five seconds.
    for (let turn = 0; turn < 5 && serials.length < pictures; turn += 1) {
      const viewer = spawn(command, rest, { stdio: ['ignore', 'pipe', 'ignore'] });
      const closed = once(viewer, 'close');
      const parts: Buffer[] = [];
      viewer.stdout.on('data', (part: Buffer) => {
        parts.push(part);
        serials = serialsIn(Buffer.concat(readPes(Buffer.concat(parts)).map(({ payload }) => payload)));
        if (serials.length >= pictures) viewer.kill('SIGKILL');
      });
      const limit = setTimeout(() => viewer.kill('SIGKILL'), 40_000);
      await closed;
      clearTimeout(limit);
    }
    return serials;
  } finally {
    await server.close();
    await witness.close();
  }
}

describe('a source over SRT', () => {
  it.each<[string, Line, string]>([
    ['near by, without', {}, '?tsbpd=0'],
    [
      'over a line of 160 ms that loses every twentieth packet, without',
      { delayMs: 80, losesOneOf: 20 },
      '?tsbpd=0',
    ],
  ])(
    'comes whole and in order: %s',
    async (_, line, query) => {
      const serials = await record(line, query, 150);
      expect(serials.length).toBeGreaterThanOrEqual(150);
      const [first = 0] = serials;
      expect(serials).toEqual(serials.map((_, n) => first + n));
    },
    120_000,
  );
});
