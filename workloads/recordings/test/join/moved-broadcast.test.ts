import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { JoinAnswer, JoinOrder } from '../../node/join/join-files.ts';
import type { JoinSegment } from '../../node/join/plan-join.ts';
import { flvHeader, readTags, writeTag } from '../sources/flv-tags.ts';
import { makeSample } from '../sources/sample.ts';

/** The real program that joins, with real ffmpeg, on what two nodes have of one broadcast. */
const program = resolve(import.meta.dirname, '../../node/join/join-main.ts');
let folder: string;
let flv: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-moved-'));
  flv = makeSample(folder, { seconds: 6, gopSeconds: 1 }).path;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function segment(
  more: Partial<JoinSegment> & Pick<JoinSegment, 'path' | 'broadcast' | 'firstWall'>,
): JoinSegment {
  const { firstMs = 0, lastMs = 5_960 } = more;
  return {
    number: 1,
    part: 1,
    run: 1,
    container: 'flv',
    baseMs: 0,
    firstMs,
    lastMs,
    lastWall: more.firstWall + lastMs - firstMs,
    videoFrames: 150,
    audioFrames: 280,
    codecs: ['h264', 'aac'],
    width: 160,
    height: 90,
    ...more,
  };
}

function joinThem(name: string, segments: readonly JoinSegment[]): JoinAnswer {
  const cwd = join(folder, name);
  mkdirSync(cwd);
  const order: JoinOrder = { ffmpeg: 'ffmpeg', segments, container: 'mp4', title: null };
  writeFileSync(join(cwd, 'join.json'), JSON.stringify(order));
  const ended = spawnSync(process.execPath, ['--no-warnings', program], {
    cwd,
    encoding: 'utf8',
    timeout: 170_000,
  });
  expect(ended.status, ended.stderr).toBe(0);
  return JSON.parse(readFileSync(join(cwd, 'joined.json'), 'utf8')) as JoinAnswer;
}

it.each([
  ['flv', []],
  ['ts', ['-f', 'mpegts']],
  ['fmp4', ['-f', 'mp4', '-movflags', 'frag_keyframe+empty_moov+default_base_moof']],
] as const)(
  'a broadcast that moved to another node is one film, with both halves and the hole: %s',
  (container, format) => {
    const path = join(folder, `half.${container}`);
    const argv = ['-nostdin', '-v', 'error', '-i', flv, '-c', 'copy', ...format, path];
    const ended =
      format.length > 0 ? spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 170_000 }) : undefined;
    expect(ended?.stderr ?? '').toBe('');
    // ffmpeg's transport streams begin at 1.4 s.
    const firstMs = container === 'ts' ? 1_400 : 0;
    const own = { path: format.length > 0 ? path : flv, container, firstMs, lastMs: firstMs + 5_960 };
    const { parts } = joinThem(`moved-${container}`, [
      segment({ ...own, broadcast: 'b', firstWall: 1_020_000 }),
      segment({ ...own, broadcast: 'a', firstWall: 1_000_000 }),
    ]);
    expect(parts).toHaveLength(1);
    expect(parts[0]?.videoFrames).toBe(300);
    expect(Math.abs((parts[0]?.durationMs ?? 0) - 26_000)).toBeLessThan(300);
    expect(parts[0]?.gaps).toHaveLength(1);
  },
  120_000,
);

it('two nodes that recorded the same moments give each frame once, and each what it alone has', () => {
  const { tags } = readTags(readFileSync(flv));
  const setUp = tags.filter(({ timestamp, body }) => timestamp === 0 && (body[1] === 0 || body[0] === 2));
  const write = (name: string, from: number, to: number) => {
    const path = join(folder, name);
    const some = tags.filter(({ timestamp }) => timestamp >= from && timestamp < to);
    const list = from === 0 ? some : [...setUp, ...some];
    writeFileSync(path, Buffer.concat([flvHeader, ...list.map(writeTag)]));
    return path;
  };
  const { parts } = joinThem('twins', [
    segment({ path: write('a.flv', 0, 4_000), broadcast: 'a', lastMs: 3_960, firstWall: 1_000_000 }),
    segment({
      path: write('b.flv', 3_000, 6_000),
      broadcast: 'b',
      firstMs: 3_000,
      firstWall: 1_003_050,
      videoFrames: 75,
    }),
  ]);
  expect(parts).toHaveLength(1);
  expect(parts[0]).toMatchObject({ videoFrames: 150, gaps: [] });
  expect(parts[0]?.repeated).toBeGreaterThan(20);
}, 120_000);
