import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openTestNode, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { codecsOf } from '../contract/media/codecs.ts';
import { RecordStatus, TrackClock, TrackPart, taskKinds } from '../contract/tasks.ts';
import { readTrackFile } from '../node/record/matroska/read-track-file.ts';
import { recordExecutor } from '../node/record/record-executor.ts';
import { publishByFfmpeg } from '../testing/ffmpeg-publisher.ts';
import { findWorker, type MediaHouse, noWorker, openMediaHouse, patience } from '../testing/media-house.ts';

const workerBin = await findWorker();
const run = promisify(execFile);
const canEncode = await run('ffmpeg', ['-hide_banner', '-version']).then(
  () => true,
  () => false,
);
const reason = workerBin ? (canEncode ? '' : ': no ffmpeg') : `: ${noWorker}`;

describe.skipIf(!workerBin || !canEncode)(`the recording of tracks${reason}`, () => {
  let house: MediaHouse;
  let node: TestNode;
  beforeAll(async () => {
    house = await openMediaHouse({ workerBin: workerBin ?? '', workers: 1 });
    node = await openTestNode();
  });
  afterAll(async () => {
    await house?.close();
    await node?.close();
  });

  it('survives the kill of its writer, goes on with the next part, and every part decodes', async () => {
    const room = await house.openRoom();
    const publisher = await publishByFfmpeg(room, 'ann');
    let before: RecordStatus | undefined;
    const record = { recordingId: 'r1', roomId: 'x', shardAllocation: room.allocation };
    const ended = await runTask(node, recordExecutor, taskKinds.record, record, {
      inputs: {},
      meanwhile: async (workDir) => {
        before = await statusWith(workDir, (track) => track.durationMs > 3_000);
        process.kill(recorderIn(workDir), 'SIGKILL');
        await statusWith(workDir, (track) => track.part === 2 && track.durationMs > 1_500);
        writeFileSync(join(workDir, 'stop'), '');
      },
    });
    await publisher.close();
    await room.close();

    expect(ended.conclusion).toMatchObject({
      outcome: 'ok',
      result: { tracks: 2, parts: 4, ended: 'stopped' },
    });
    const outputs = [...ended.committedEarly, ...(ended.conclusion.outputs ?? [])];
    const parts = outputs.filter(({ kind }) => kind === 'track');
    expect(parts).toHaveLength(4);
    // The first parts were brought away while the recording went on.
    const early = ended.committedEarly.filter(({ kind }) => kind === 'track');
    expect(early.filter(({ name }) => name.includes('/part-1.'))).toHaveLength(2);
    for (const { path, meta } of parts) {
      const facts = TrackPart.parse(meta);
      const file = join(ended.workDir, path);
      expect(facts.cutOff).toBe(facts.part === 1);
      expect(await readTrackFile(file)).toMatchObject({ disordered: 0, frames: facts.frames });
      await expectDecodes(file, facts.kind);
      if (facts.kind === 'video')
        expect(facts).toMatchObject({ width: 320, height: 180, codec: 'video/VP8' });
      const known = before?.tracks.find(({ producerId }) => producerId === facts.producerId);
      // Two seconds of media at most are lost with the writer.
      if (facts.part === 1) expect(facts.durationMs).toBeGreaterThan((known?.durationMs ?? 0) - 2_000);
    }
    const clocks = outputs.filter(({ kind }) => kind === 'clock');
    expect(clocks).toHaveLength(4);
    const [clock] = clocks.map(({ path }) =>
      TrackClock.parse(JSON.parse(readFileSync(join(ended.workDir, path), 'utf8'))),
    );
    expect(clock?.reports.length).toBeGreaterThan(0);
  }, 120_000);

  it.each([
    ['h264', 'video/H264'],
    ['vp9', 'video/VP9'],
  ] as const)(
    'of %s ends well when the room does, with tracks that came later',
    async (codec, mimeType) => {
      const room = await house.openRoom({ codecs: codecsOf(['opus', codec]) });
      let publisher: Awaited<ReturnType<typeof publishByFfmpeg>> | undefined;
      const record = {
        recordingId: 'r2',
        roomId: 'x',
        shardAllocation: room.allocation,
        select: { kinds: ['video'] },
      };
      const ended = await runTask(node, recordExecutor, taskKinds.record, record, {
        inputs: {},
        meanwhile: async (workDir) => {
          await vi.waitFor(() => expect(existsSync(join(workDir, 'status.json'))).toBe(true), patience);
          publisher = await publishByFfmpeg(room, 'ann', codec);
          await statusWith(workDir, (track) => track.durationMs > 1_500, 1);
          await room.close();
        },
      });
      await publisher?.close();
      expect(ended.conclusion).toMatchObject({
        outcome: 'ok',
        result: { tracks: 1, parts: 1, ended: 'room' },
      });
      const all = [...ended.committedEarly, ...(ended.conclusion.outputs ?? [])];
      const [output] = all.filter(({ kind }) => kind === 'track');
      expect(TrackPart.parse(output?.meta)).toMatchObject({
        owner: 'ann',
        source: 'camera',
        codec: mimeType,
        width: 320,
        height: 180,
        cutOff: false,
      });
      await expectDecodes(join(ended.workDir, output?.path ?? ''), 'video');
    },
    120_000,
  );
});

/** Waits until as many tracks as expected are all as wanted. */
function statusWith(
  workDir: string,
  test: (track: RecordStatus['tracks'][number]) => boolean,
  tracks = 2,
): Promise<RecordStatus> {
  return vi.waitFor(() => {
    const status = RecordStatus.parse(JSON.parse(readFileSync(join(workDir, 'status.json'), 'utf8')));
    expect(status.tracks).toHaveLength(tracks);
    if (!status.tracks.every(test)) throw new Error(`not yet: ${JSON.stringify(status)}`);
    return status;
  }, patience);
}

/** The process that writes in a folder. */
function recorderIn(workDir: string): number {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readlinkSync(`/proc/${pid}/cwd`) !== workDir) continue;
      if (readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('recorder-main')) return Number(pid);
    } catch {
      // It has ended, or is none of ours.
    }
  }
  throw new Error('no recorder runs there');
}

/** Has ffmpeg decode all of it, and looks at its times. */
async function expectDecodes(file: string, kind: 'audio' | 'video'): Promise<void> {
  const decoded = await run('ffmpeg', ['-hide_banner', '-v', 'error', '-i', file, '-f', 'null', '-']);
  expect(decoded.stderr).toBe('');
  const shown = await run('ffprobe', [
    ...['-v', 'error', '-show_entries', 'packet=pts_time:format=duration', '-of', 'json', file],
  ]);
  const { packets, format } = JSON.parse(shown.stdout) as {
    packets: { pts_time: string }[];
    format: { duration: string };
  };
  const times = packets.map(({ pts_time }) => Number(pts_time));
  expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0))).toBe(true);
  const step = kind === 'audio' ? 0.02 : 0.04;
  expect(Math.abs(Number(format.duration) - (times.at(-1) ?? 0))).toBeLessThanOrEqual(step * 2);
}
