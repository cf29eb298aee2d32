import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openTestNode, runTask, type TestNode } from '@backlot/testkit/run-task';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AssembleParameters, AssembleResult, taskKinds } from '../contract.ts';
import { assembleExecutor } from '../node/assemble/assemble-executor.ts';
import { sheetLayout } from '../node/assemble/ffmpeg-arguments.ts';
import { judgeFilm, topBoxes } from '../node/assemble/judge-film.ts';
import { blenderProbe } from '../node/blender/probe.ts';

let node: TestNode;
beforeAll(async () => {
  node = await openTestNode([blenderProbe]);
});
afterAll(() => node.close());

/** Pictures of one colour each, so that a film can be told frame by frame. */
async function pictures(
  count: number,
  width = 64,
  height = 48,
  alpha = 255,
): Promise<Record<string, string>> {
  const folder = join(node.scratch, `pictures-${count}-${width}-${alpha}`);
  await mkdir(folder, { recursive: true });
  const inputs: Record<string, string> = {};
  for (let i = 0; i < count; i += 1) {
    const png = new PNG({ width, height });
    const grey = 20 + Math.round((200 * i) / Math.max(1, count - 1));
    for (let at = 0; at < png.data.length; at += 4) png.data.set([grey, grey, grey, alpha], at);
    const name = `frame-${String(i * 3 + 5).padStart(6, '0')}.png`;
    inputs[name] = join(folder, name);
    await writeFile(join(folder, name), PNG.sync.write(png));
  }
  return inputs;
}
const parametersOf = (
  inputs: Record<string, string>,
  change: Partial<AssembleParameters> = {},
): AssembleParameters => ({
  pictures: Object.keys(inputs).sort(),
  picture: 'png',
  resolution: [64, 48],
  transparent: false,
  film: { fps: 24 },
  ...change,
});
const assemble = (inputs: Record<string, string>, parameters: AssembleParameters) =>
  runTask(node, assembleExecutor, taskKinds.assemble, parameters, { inputs });

describe('putting pictures together', () => {
  it('gives a film that plays in browsers, with every picture once and in order', async () => {
    const inputs = await pictures(30);
    const run = await assemble(inputs, parametersOf(inputs));
    expect(run.conclusion.outcome, JSON.stringify(run.conclusion)).toBe('ok');
    expect(AssembleResult.parse(run.conclusion.result).film).toMatchObject({
      frames: 30,
      width: 64,
      height: 48,
      codec: 'h264',
      seconds: 1.25,
    });
    const film = run.files['film.mp4'] ?? '';
    const boxes = await topBoxes(film);
    expect(boxes.indexOf('moov')).toBeLessThan(boxes.indexOf('mdat'));
    const decoded = await node.run(
      ['ffmpeg', '-v', 'error', '-i', film, '-vf', 'scale=1:1,format=gray', '-f', 'rawvideo', '-'],
      { timeoutMs: 30_000 },
    );
    const greys = [...decoded.stdout];
    expect(greys).toHaveLength(30);
    expect(greys).toEqual([...greys].sort((a, b) => a - b));
    expect(new Set(greys).size).toBeGreaterThan(25);
    expect((await readFile(film)).toString('latin1')).not.toContain(node.scratch);
  });

  it('gives the same bytes for the same pictures', async () => {
    const inputs = await pictures(5);
    const [one, two] = await Promise.all([1, 2].map(() => assemble(inputs, parametersOf(inputs))));
    const bytes = await Promise.all([one, two].map((run) => readFile(run?.files['film.mp4'] ?? '')));
    expect(bytes[0]?.equals(bytes[1] ?? Buffer.alloc(0))).toBe(true);
  });

  it('puts transparent pictures on grey instead of black', async () => {
    const inputs = await pictures(3, 64, 48, 0);
    const run = await assemble(inputs, parametersOf(inputs, { transparent: true }));
    expect(run.conclusion.outcome, JSON.stringify(run.conclusion)).toBe('ok');
    const decoded = await node.run(
      [
        'ffmpeg',
        '-v',
        'error',
        '-i',
        run.files['film.mp4'] ?? '',
        '-vf',
        'scale=1:1,format=gray',
        '-f',
        'rawvideo',
        '-',
      ],
      { timeoutMs: 30_000 },
    );
    for (const grey of decoded.stdout) expect(Math.abs(grey - 128)).toBeLessThan(6);
  });

  it('shows at most 24 pictures of a long film on the contact sheet', async () => {
    const inputs = await pictures(50);
    const run = await assemble(inputs, parametersOf(inputs, { film: null }));
    expect(Object.keys(run.files)).toEqual(['contact-sheet.png']);
    const { rows, columns } = sheetLayout(50, [64, 48]);
    expect([columns, rows]).toEqual([6, 3]);
    const sheet = PNG.sync.read(await readFile(run.files['contact-sheet.png'] ?? ''));
    expect(sheet.width).toBe(6 * 240 + 5 * 4 + 2 * 4);
  });

  it.each([
    [1, 1, 1, 1],
    [7, 1, 6, 2],
    [24, 1, 6, 4],
    [25, 2, 6, 3],
    [10_000, 417, 6, 4],
  ])('%i pictures: every %i-th in %i columns and %i rows', (count, every, columns, rows) => {
    expect(sheetLayout(count, [1920, 1080])).toMatchObject({ every, columns, rows });
  });

  it('says so when a picture is broken, instead of giving a shorter film', async () => {
    const inputs = await pictures(4);
    const broken = join(node.scratch, 'broken.png');
    await writeFile(broken, Buffer.from('no picture'));
    const second = Object.keys(inputs).sort()[1] ?? '';
    const run = await assemble({ ...inputs, [second]: broken }, parametersOf(inputs));
    expect(run.conclusion.outcome).toBe('failed');
    if (run.conclusion.outcome === 'failed')
      expect(['crash', 'output']).toContain(run.conclusion.failure.class);
  });
});

describe('judging a film', () => {
  const good = {
    streams: [
      {
        codec_name: 'h264',
        pix_fmt: 'yuv420p',
        width: 64,
        height: 48,
        nb_read_frames: 30,
        r_frame_rate: '24/1',
        duration: 1.25,
      },
    ],
  };
  const judge = (change: object, boxes = ['ftyp', 'moov', 'free', 'mdat']) =>
    judgeFilm({ streams: [{ ...good.streams[0], ...change } as (typeof good.streams)[0]] }, boxes, {
      frames: 30,
      width: 64,
      height: 48,
    });
  it('takes what is right and names what is not', () => {
    expect(judge({})).toBeUndefined();
    expect(judge({ nb_read_frames: 29 })).toContain('29 frames instead of 30');
    expect(judge({ codec_name: 'mpeg4' })).toContain('mpeg4');
    expect(judge({ pix_fmt: 'yuv444p' })).toContain('yuv444p');
    expect(judge({ width: 32 })).toContain('32x48');
    expect(judge({}, ['ftyp', 'mdat', 'moov'])).toContain('index');
    expect(judgeFilm({ streams: [] as never }, [], { frames: 1, width: 1, height: 1 })).toContain(
      'no picture',
    );
  });
});
