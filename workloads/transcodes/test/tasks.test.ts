import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskExecutor } from '@backlot/node/workload';
import { openTestNode, type RunOptions, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  CHECK_TASK,
  CheckResult,
  REMUX_TASK,
  RemuxResult,
  SHEET_TASK,
  SheetResult,
  THUMBNAIL_TASK,
  ThumbnailResult,
} from '../contract.ts';
import { checkExecutor } from '../node/check/check-executor.ts';
import { sheetExecutor } from '../node/pictures/sheet-executor.ts';
import { thumbnailExecutor } from '../node/pictures/thumbnail-executor.ts';
import { remuxExecutor } from '../node/remux/remux-executor.ts';
import { makeFilm, packetsOf } from './films.ts';

let node: TestNode;
let folder: string;
let film: string;
beforeAll(async () => {
  node = await openTestNode();
  folder = await mkdtemp(join(tmpdir(), 'backlot-films-'));
  film = makeFilm(folder, 'source.flv');
});
afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

async function run<P>(
  executor: TaskExecutor<P>,
  kind: string,
  parameters: unknown,
  source = film,
  more: Partial<RunOptions> = {},
) {
  return await runTask(node, executor, kind, parameters, { inputs: { source }, ...more });
}
async function done<P>(...args: Parameters<typeof run<P>>) {
  const ended = await run(...args);
  if (ended.conclusion.outcome !== 'ok') {
    throw new Error(`${ended.conclusion.failure.reason.message}\n${ended.log.slice(-2_000)}`);
  }
  return { ...ended, conclusion: ended.conclusion };
}
async function failed<P>(...args: Parameters<typeof run<P>>) {
  const { conclusion } = await run(...args);
  if (conclusion.outcome === 'ok') throw new Error('It was made.');
  return conclusion.failure;
}

describe('a copy into another container', { timeout: 180_000 }, () => {
  it.each(['mp4', 'mkv'] as const)('has every packet in %s', async (container) => {
    const { conclusion, files } = await done(remuxExecutor, REMUX_TASK, { container });
    const result = RemuxResult.parse(conclusion.result);
    expect(result.tracks.map(({ kind, codec }) => [kind, codec])).toEqual([
      ['video', 'h264'],
      ['audio', 'aac'],
    ]);
    expect(result.tracks[0]?.packets).toBe(100);
    expect(conclusion.outputs).toMatchObject([{ name: `video.${container}`, kind: 'film' }]);
    expect(packetsOf(files[`video.${container}`] ?? '').map(({ size }) => size)).toEqual(
      packetsOf(film).map(({ size }) => size),
    );
  });

  it('stays on the node when that is asked', async () => {
    const { conclusion } = await done(remuxExecutor, REMUX_TASK, { hold: true });
    expect(conclusion.outputs).toMatchObject([{ hold: true }]);
  });

  it('keeps a film that has no picture, and every track of one that has two of sound', async () => {
    const sound = makeFilm(folder, 'sound.mka', { how: ['-vn'] });
    const alone = RemuxResult.parse((await done(remuxExecutor, REMUX_TASK, {}, sound)).conclusion.result);
    expect(alone.tracks.map(({ kind }) => kind)).toEqual(['audio']);
    const two = makeFilm(folder, 'two.mkv', {
      how: ['-map', '0:v', '-map', '1:a', '-map', '1:a', '-c:v', 'libx264', '-preset', 'ultrafast'],
    });
    const both = RemuxResult.parse((await done(remuxExecutor, REMUX_TASK, {}, two)).conclusion.result);
    expect(both.tracks.map(({ kind }) => kind)).toEqual(['video', 'audio', 'audio']);
  });

  it('says that mp4 can’t hold it, and matroska does', async () => {
    const wmv = makeFilm(folder, 'wmv.asf', { how: ['-c:v', 'wmv2'] });
    expect(await failed(remuxExecutor, REMUX_TASK, {}, wmv)).toMatchObject({
      class: 'input',
      reason: { code: 'transcodes.container' },
    });
    await done(remuxExecutor, REMUX_TASK, { container: 'mkv' }, wmv);
  });

  it('a file that is no film ends in a sentence', async () => {
    const text = join(folder, 'notes.txt');
    await writeFile(text, 'not a film\n'.repeat(500));
    for (const [executor, kind] of [
      [remuxExecutor, REMUX_TASK],
      [checkExecutor, CHECK_TASK],
      [thumbnailExecutor, THUMBNAIL_TASK],
      [sheetExecutor, SHEET_TASK],
    ] as const) {
      const failure = await failed(executor as TaskExecutor<unknown>, kind, {}, text);
      expect(failure).toMatchObject({ class: 'input', reason: { code: 'transcodes.unreadable' } });
    }
  });
});

describe('a check', { timeout: 180_000 }, () => {
  it('counts what is there, and believes no header', async () => {
    const bytes = await readFile(film);
    const cut = join(folder, 'cut.flv');
    await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length / 2)));
    const whole = CheckResult.parse((await done(checkExecutor, CHECK_TASK, {})).conclusion.result);
    expect(whole).toMatchObject({ passed: true, gapCount: 0, backwards: 0, size: bytes.length });
    expect(whole.durationMs).toBeGreaterThan(3_950);
    expect(whole.durationMs).toBeLessThan(4_100);
    const half = CheckResult.parse((await done(checkExecutor, CHECK_TASK, {}, cut)).conclusion.result);
    expect(half.durationMs).toBeLessThan(3_000);
  });

  it('fails what is too short, or says so where that is asked', async () => {
    const conditions = { leastDurationMs: 60_000, audio: true };
    const failure = await failed(checkExecutor, CHECK_TASK, { conditions });
    expect(failure).toMatchObject({ class: 'input', reason: { code: 'transcodes.not_as_wanted' } });
    expect(failure.reason.message).toMatch(/4\.\d+ s long, at least 60\.0 s/);
    const told = await done(checkExecutor, CHECK_TASK, { conditions, whenWrong: 'tell' });
    expect(CheckResult.parse(told.conclusion.result)).toMatchObject({
      passed: false,
      faults: [expect.any(String)],
    });
  });

  it('finds the hole in a film, and how long it is', async () => {
    const how = ['-vf', "select='lt(t,1)+gt(t,2.5)'", '-fps_mode', 'passthrough', '-c:v', 'libx264'];
    const holed = makeFilm(folder, 'holed.mkv', { sound: false, how: [...how, '-bf', '0'] });
    const { conclusion } = await done(
      checkExecutor,
      CHECK_TASK,
      { conditions: { largestGapMs: 2_000 } },
      holed,
    );
    const result = CheckResult.parse(conclusion.result);
    expect(result.gapCount).toBe(1);
    expect(result.largestGapMs).toBeGreaterThan(1_450);
    expect(result.largestGapMs).toBeLessThan(1_650);
    expect(result.gaps[0]?.atMs).toBeGreaterThan(900);
    const failure = await failed(checkExecutor, CHECK_TASK, { conditions: { largestGapMs: 500 } }, holed);
    expect(failure.reason.message).toMatch(/hole of 1\.5/);
  });

  it('tells sound alone from a film', async () => {
    const sound = makeFilm(folder, 'alone.mka', { how: ['-vn'] });
    expect((await failed(checkExecutor, CHECK_TASK, {}, sound)).reason.message).toMatch(/no picture/);
    await done(checkExecutor, CHECK_TASK, { conditions: { video: false, audio: true } }, sound);
  });
});

describe('pictures of a film', { timeout: 180_000 }, () => {
  it.each(['jpeg', 'webp'] as const)('at several times, as %s, no wider than asked', async (format) => {
    const parameters = { at: ['0', '50%', '0:00:03'], width: 200, format };
    const { conclusion, files } = await done(thumbnailExecutor, THUMBNAIL_TASK, parameters);
    const { pictures } = ThumbnailResult.parse(conclusion.result);
    expect(pictures.map(({ width, height }) => [width, height])).toEqual(Array(3).fill([200, 112]));
    for (const { brightness } of pictures) expect(brightness).toBeGreaterThan(20);
    expect(Object.keys(files)).toHaveLength(3);
    const head = (await readFile(Object.values(files)[0] ?? '')).subarray(0, 12);
    expect(head.toString('latin1')).toMatch(format === 'jpeg' ? /^\xff\xd8\xff/ : /^RIFF....WEBP/s);
  });

  it('is never larger than the film', async () => {
    const { conclusion } = await done(thumbnailExecutor, THUMBNAIL_TASK, { width: 3_840 });
    expect(ThumbnailResult.parse(conclusion.result).pictures[0]).toMatchObject({ width: 320, height: 180 });
  });

  it('is not the black that a film begins with, unless all is black', async () => {
    const black = 'geq=lum=16:cb=128:cr=128:enable=';
    const how = (filter: string) => ['-vf', filter, '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '25'];
    const late = makeFilm(folder, 'late.mp4', { how: how(`${black}'lt(t,2)'`) });
    const seen = await done(thumbnailExecutor, THUMBNAIL_TASK, { at: ['0'] }, late);
    expect(ThumbnailResult.parse(seen.conclusion.result).pictures[0]?.brightness).toBeGreaterThan(40);
    const asked = await done(thumbnailExecutor, THUMBNAIL_TASK, { at: ['0'], avoidBlack: false }, late);
    expect(ThumbnailResult.parse(asked.conclusion.result).pictures[0]?.brightness).toBeLessThan(5);
    const dark = makeFilm(folder, 'dark.mp4', { how: how(`${black}'1'`) });
    const kept = await done(thumbnailExecutor, THUMBNAIL_TASK, { at: ['10%'] }, dark);
    expect(ThumbnailResult.parse(kept.conclusion.result).pictures).toHaveLength(1);
  });

  it('lies in a grid, with its time', async () => {
    const parameters = { columns: 3, rows: 2, width: 160 };
    const { conclusion } = await done(sheetExecutor, SHEET_TASK, parameters);
    const result = SheetResult.parse(conclusion.result);
    expect(result).toEqual({ width: 3 * 160 + 4 * 4, height: 2 * 90 + 3 * 4, pictures: 6, timestamps: true });
    const plain = await done(sheetExecutor, SHEET_TASK, { ...parameters, timestamps: false, format: 'webp' });
    expect(SheetResult.parse(plain.conclusion.result)).toMatchObject({ pictures: 6, timestamps: false });
    expect(plain.conclusion.outputs).toMatchObject([{ name: 'contact-sheet.webp', kind: 'contact-sheet' }]);
  });

  it('sound alone has none', async () => {
    const sound = makeFilm(folder, 'silent.mka', { how: ['-vn'] });
    for (const [executor, kind] of [
      [thumbnailExecutor, THUMBNAIL_TASK],
      [sheetExecutor, SHEET_TASK],
    ] as const) {
      expect(await failed(executor as TaskExecutor<unknown>, kind, {}, sound)).toMatchObject({
        reason: { code: 'transcodes.no_picture' },
      });
    }
  });
});
