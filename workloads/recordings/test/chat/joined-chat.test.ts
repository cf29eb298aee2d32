import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import { openTestNode, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ChatLine, JOIN_TASK, JoinParameters, JoinReport } from '../../contract.ts';
import { assTime } from '../../node/chat/ass-subtitles.ts';
import { joinExecutor } from '../../node/join/join-executor.ts';
import { makeSample } from '../sources/sample.ts';

/** The real join in the sandbox of a task, real ffmpeg, and libass drawing what was said. */
const hostile = '{\\fs500}a\\N"; touch x & $(id) ../..';
const [width, height] = [640, 360];
let node: TestNode;
let folder: string;
let flv: string;
/** The sample's first picture comes a little behind its first sound; the film begins with it. */
let zero: number;
beforeAll(async () => {
  node = await openTestNode();
  folder = mkdtempSync(join(tmpdir(), 'backlot-joined-chat-'));
  const sample = makeSample(folder, { seconds: 6, gopSeconds: 1, size: `${width}x${height}` });
  flv = sample.path;
  const packets = Array.from({ length: sample.length }, (_, n) => sample.packet(n));
  zero = packets.find(({ keyframe }) => keyframe)?.timestamp ?? Number.NaN;
});
afterAll(async () => {
  await node.close();
  rmSync(folder, { recursive: true, force: true });
});

const broadcast = newId();
/** A take of six seconds on a clock of its own. */
const segment = (number: number, firstWall: number, more: object = {}) => ({
  ...{ broadcast, take: newId(), takeNumber: number, number, part: 1, run: number, container: 'flv' },
  ...{ baseMs: 0, firstMs: 0, lastMs: 5_960, firstWall, lastWall: firstWall + 5_960 },
  ...{ videoFrames: 150, audioFrames: 280, keyframes: 6, startsWithKeyframe: true, bytes: 1 },
  ...{ codecs: ['h264', 'aac'], width, height, gaps: [], ...more },
});
const said = (seconds: number, text: string, type = 1) =>
  `<d p="${seconds},${type},25,16777215,0,0,1,0" user="u">${text.replaceAll('&', '&amp;')}</d>`;

async function joined(
  segments: readonly ReturnType<typeof segment>[],
  chats: readonly { number: number; xml: string }[],
  more: object = {},
) {
  const inputs: Record<string, string> = {};
  for (const { number } of segments) inputs[`segments/${number}`] = flv;
  const given = chats.map(({ number, xml }, index) => {
    const path = join(folder, `${newId()}.xml`);
    writeFileSync(path, xml);
    inputs[`chat/${index}`] = path;
    return { input: `chat/${index}`, meta: { broadcast, take: newId(), number, format: 'bilibili-xml' } };
  });
  const parameters = JoinParameters.parse({
    segments: segments.map((meta) => ({ input: `segments/${meta.number}`, meta })),
    chats: given,
    ...more,
  });
  const run = await runTask(node, joinExecutor, JOIN_TASK, parameters, { inputs });
  if (run.conclusion.outcome !== 'ok')
    throw new Error(`${run.conclusion.failure.reason.message}\n${run.log.slice(-2_000)}`);
  const { outputs, result } = run.conclusion;
  return { outputs, report: JoinReport.parse(result), files: run.files };
}
const linesOf = (path = '') =>
  readFileSync(path, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => ChatLine.parse(JSON.parse(line)));

describe('a broadcast with chat', { timeout: 120_000 }, () => {
  it('of two takes is one film, with what was said at its place to the millisecond, and subtitles of it', async () => {
    // The second take begins 10 s after the first: a hole of four seconds, which the film keeps.
    const { outputs, report, files } = await joined(
      [segment(1, 1_000_000), segment(2, 1_010_000)],
      [
        {
          number: 1,
          xml: `<i>${said(1.234, 'one')}${said(0.5, hostile)}<gift ts="2" user="g" giftname="辣条" giftcount="2"/>${said(99, 'late')}</i>`,
        },
        // Its recorder was killed: the last line is torn.
        { number: 2, xml: `<i>${said(1.234, 'two')}<d p="3,1,25,1" user="u">tor` },
        { number: 7, xml: `<i>${said(1, 'of nothing')}</i>` },
      ],
    );
    const lines = linesOf(files['film.chat.jsonl']).map(({ ms, text }) => [ms + zero, text]);
    expect(lines).toEqual([
      [500, hostile],
      [1_234, 'one'],
      [2_000, '辣条'],
      [5_960, 'late'],
      [11_234, 'two'],
    ]);
    const meta = { broadcast, sightings: [broadcast], film: 'film.mp4', part: 1, lines: 5 };
    expect(outputs).toMatchObject([
      { name: 'film.mp4', kind: 'recordings.film', hold: true },
      {
        ...{ name: 'film.chat.jsonl', kind: 'recordings.film-chat', hold: true, meta },
        mediaType: 'application/jsonl',
      },
      {
        ...{ name: 'film.ass', kind: 'recordings.chat-subtitles', hold: true, meta },
        mediaType: 'text/x-ssa',
      },
    ]);
    expect(JSON.stringify(outputs)).not.toContain('touch');
    expect(report.chat).toEqual({ files: 3, lines: 5, notDrawn: 0, unreadable: 0, cut: 0 });
    const ass = readFileSync(files['film.ass'] ?? '', 'utf8');
    expect(ass.match(/^Dialogue: .*$/gm)?.map((line) => line.slice(12, 22))).toEqual(
      [500, 1_234, 5_960, 11_234].map((ms) => assTime(ms - zero)),
    );
    expect(ass).not.toContain('\\fs500');
  });

  it('that is no chat, or is gone, is the same film, and the report says so', async () => {
    const { outputs, report } = await joined(
      [segment(1, 1_000_000)],
      [{ number: 1, xml: '\0\u0001 no xml <<<>>> &&& </d></d>' }],
    );
    expect(outputs.map(({ name }) => name)).toEqual(['film.mp4']);
    expect(report.chat).toMatchObject({ files: 1, lines: 0 });
    const without = await joined([segment(1, 1_000_000)], []);
    expect(without.outputs.map(({ name }) => name)).toEqual(['film.mp4']);
    expect(without.report.chat).toBeUndefined();
    const kept = (film: unknown) =>
      JSON.parse(JSON.stringify(film, (key, value) => (key === 'bytes' ? 0 : value)));
    expect(kept(without.outputs[0])).toEqual(kept(outputs[0]));
  });

  it('of two parts has the chat of each beside its film, and without subtitles where none are wanted', async () => {
    const { outputs, files } = await joined(
      [segment(1, 1_000_000), segment(2, 1_010_000, { part: 2 })],
      [{ number: 2, xml: `<i>${said(1, 'second')}</i>` }],
      { chatArea: 'none' },
    );
    expect(outputs.map(({ name }) => name)).toEqual(['film.mp4', 'film-2.mp4', 'film-2.chat.jsonl']);
    expect(linesOf(files['film-2.chat.jsonl'])).toMatchObject([{ ms: 1_000 - zero, text: 'second' }]);
  });

  it('is drawn by libass when and where a message should be, and nowhere else', async () => {
    const { files } = await joined(
      [segment(1, 1_000_000)],
      [{ number: 1, xml: `<i>${said(2, 'top', 5)}${said(0.5, hostile)}</i>` }],
      { chatArea: 'quarter' },
    );
    const plain = drawn(undefined);
    const burnt = drawn(files['film.ass']);
    const size = width * height;
    const differs = (second: number, [x0, x1, y0, y1]: readonly [number, number, number, number]) => {
      const at = Math.round(second * 10) * size;
      for (let y = y0; y < y1; y++)
        for (let x = x0; x < x1; x++)
          if (plain[at + y * width + x] !== burnt[at + y * width + x]) return true;
      return false;
    };
    const lane = Math.ceil(18 * 1.25);
    const [top, next] = [[0, lane] as const, [lane, 2 * lane] as const];
    // Before anything was said there is nothing; then it comes from the right, out of the way of what will stand.
    expect(differs(0.3, [0, width, 0, height])).toBe(false);
    expect(differs(1, [width - 60, width, ...next])).toBe(true);
    expect(differs(1, [0, width / 2, ...next])).toBe(false);
    expect(differs(5.5, [0, width / 2, ...next])).toBe(true);
    // What stands stands in the middle of the first lane, from the second that it was said in, and for four seconds.
    expect(differs(1.9, [0, width, ...top])).toBe(false);
    expect(differs(2.2, [width / 2 - 30, width / 2 + 30, ...top])).toBe(true);
    expect(differs(2.2, [0, width / 2 - 60, ...top])).toBe(false);
    // A stranger's override would be 500 pixels high: below the lanes there is nothing at any time.
    for (let at = 0; at < 5.9; at += 0.1) expect(differs(at, [0, width, 2 * lane, height])).toBe(false);
  });
});

/** Ten grey pictures a second of a black film of six seconds, with subtitles burnt in by the filter that transcodes use. */
function drawn(subtitles: string | undefined): Buffer {
  const cwd = mkdtempSync(join(folder, 'drawn-'));
  if (subtitles !== undefined) writeFileSync(join(cwd, 'subtitles.ass'), readFileSync(subtitles));
  const argv = [
    ...[
      '-nostdin',
      '-v',
      'error',
      '-f',
      'lavfi',
      '-i',
      `color=black:size=${width}x${height}:rate=10:duration=6`,
    ],
    ...(subtitles === undefined ? [] : ['-vf', 'subtitles=subtitles.ass']),
    ...['-pix_fmt', 'gray', '-f', 'rawvideo', 'pipe:1'],
  ];
  const ended = spawnSync('ffmpeg', argv, { cwd, timeout: 170_000, maxBuffer: 64 * 1024 * 1024 });
  if (ended.status !== 0) throw new Error(ended.stderr.toString());
  return ended.stdout;
}
