import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TaskExecutor } from '@backlot/node/workload';
import { openTestNode, type RunOptions, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  EncodeResult,
  REMUX_TASK,
  RemuxResult,
  TRANSCODE_TASK,
  TranscodeSettings,
  type TranscodeSettingsInput,
} from '../contract.ts';
import { encodeExecutor } from '../node/encode/encode-executor.ts';
import { remuxExecutor } from '../node/remux/remux-executor.ts';
import { makeFilm, packetDigests, packetsOf } from './films.ts';

let node: TestNode;
let folder: string;
let film: string;
beforeAll(async () => {
  node = await openTestNode();
  folder = await mkdtemp(join(tmpdir(), 'backlot-films-'));
  film = makeFilm(folder, 'source.mp4');
});
afterAll(async () => {
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

async function encode(
  settings: TranscodeSettingsInput,
  source = film,
  more: Partial<RunOptions> & { subtitles?: string } = {},
) {
  const { subtitles, ...options } = more;
  const inputs: Record<string, string> = { source, ...(subtitles ? { 'subtitles.ass': subtitles } : {}) };
  const parameters = {
    settings: TranscodeSettings.parse({ preset: 'ultrafast', ...settings }),
    subtitles: subtitles ? 'subtitles.ass' : null,
  };
  return await runTask(node, encodeExecutor, TRANSCODE_TASK, parameters, { inputs, ...options });
}

/** The result of a transcode that must have gone well, and the path of its film. */
async function made(...args: Parameters<typeof encode>): Promise<EncodeResult & { path: string }> {
  const run = await encode(...args);
  if (run.conclusion.outcome !== 'ok') {
    throw new Error(`${run.conclusion.failure.reason.message}\n${run.log.slice(-2_000)}`);
  }
  const path = Object.values(run.files)[0] ?? '';
  return { ...EncodeResult.parse(run.conclusion.result), path };
}

describe('the six modes, as the encoder itself tells them', { timeout: 120_000 }, () => {
  it('COPY keeps every packet, to the byte', async () => {
    const result = await made({ rate: { mode: 'copy' }, container: 'mkv' });
    expect(result).toMatchObject({ encoder: null, how: 'asked' });
    expect(result.output.video?.frames).toBe(100);
    expect(result.proof).toMatch(
      /^100 packets of picture, \d+ packets of sound: each has the SHA-256 of the source’s$/,
    );
    for (const track of ['v:0', 'a:0'] as const) {
      const before = packetDigests(film, track);
      expect(before.length).toBeGreaterThanOrEqual(100);
      expect(packetDigests(result.path, track)).toEqual(before);
    }
  });

  it('CRF is a constant quality', async () => {
    const good = await made({ rate: { mode: 'crf', quality: 18 } });
    const poor = await made({ rate: { mode: 'crf', quality: 36 } });
    expect(good.proof).toMatch(/rc=crf crf=18\.0/);
    expect(poor.proof).toMatch(/rc=crf crf=36\.0/);
    expect(poor.size).toBeLessThan(good.size);
  });

  it('CRF with a ceiling has one', async () => {
    const result = await made({ rate: { mode: 'crf', quality: 10, maxBitrate: 600_000 } });
    expect(result.proof).toMatch(/rc=crf crf=10\.0 .*vbv_maxrate=600 vbv_bufsize=1200/);
    expect(result.bitrate).toBeLessThan(1_200_000);
  });

  it('CQ is a constant quantiser, and not the CRF that x264 falls back to', async () => {
    const result = await made({ rate: { mode: 'cq', quantiser: 30 } });
    expect(result.proof).toMatch(/rc=cqp/);
    expect(result.proof).toMatch(/qp=30/);
  });

  it('B is a constant bitrate: every window of a second is within a quarter of it', async () => {
    const long = makeFilm(folder, 'long.mp4', { seconds: 8 });
    const rate = 800_000;
    const result = await made(
      { rate: { mode: 'b', bitrate: rate }, preset: 'veryfast', audio: { codec: 'none' } },
      long,
    );
    expect(result.proof).toMatch(/rc=cbr .*bitrate=800/);
    // The buffer, which is a second long, is full at the start and may be spent within its own length.
    const windows = windowsOf(packetsOf(result.path), 1).filter(({ from }) => from >= 1);
    expect(windows.length).toBeGreaterThan(100);
    for (const { bits } of windows) expect(Math.abs(bits / rate - 1)).toBeLessThan(0.25);
  });

  it('ABR is an average, in one pass and in two', async () => {
    const once = await made({ rate: { mode: 'abr', bitrate: 500_000 }, preset: 'veryfast' });
    expect(once.proof).toMatch(/rc=abr .*bitrate=500/);
    expect(once.proof).not.toMatch(/vbv/);
    const twice = await made({ rate: { mode: 'abr', bitrate: 500_000, twoPass: true }, preset: 'veryfast' });
    expect(twice.proof).toMatch(/rc=2pass .*bitrate=500/);
    expect(twice.output.video?.frames).toBe(100);
    const rate = packetsOf(twice.path).reduce((sum, { size }) => sum + size * 8, 0) / 4;
    expect(Math.abs(rate / 500_000 - 1)).toBeLessThan(0.2);
  });

  it('VBR is an average with a ceiling that is kept over the buffer', async () => {
    // Calm, four seconds of what is hard to encode, calm again: what an average alone would give all the bits to.
    const storm = ['-vf', "noise=alls=40:allf=t:enable='between(t,4,8)'", '-c:v', 'libx264'];
    const how = [...storm, '-preset', 'ultrafast', '-crf', '14', '-pix_fmt', 'yuv420p'];
    const stormy = makeFilm(folder, 'stormy.mp4', { seconds: 10, how });
    const rate = { mode: 'vbr', bitrate: 500_000, maxBitrate: 700_000, bufferBits: 700_000 } as const;
    const more = { preset: 'veryfast', audio: { codec: 'none' } } as const;
    const result = await made({ rate, ...more }, stormy);
    expect(result.proof).toMatch(/rc=abr .*bitrate=500 .*vbv_maxrate=700 vbv_bufsize=700/);
    const packets = packetsOf(result.path);
    expect(lowestFill(packets, 700_000, 700_000)).toBeGreaterThanOrEqual(0);
    // The buffer was full when the storm came; from its own length on no window exceeds the ceiling.
    const windows = windowsOf(packets, 1).filter(({ from }) => from >= 5);
    expect(windows.length).toBeGreaterThan(90);
    for (const { bits } of windows) expect(bits).toBeLessThanOrEqual(1.1 * 700_000);
    // The same film without a ceiling tells that it is one that needs it.
    const free = await made({ rate: { mode: 'abr', bitrate: 500_000 }, ...more }, stormy);
    expect(lowestFill(packetsOf(free.path), 700_000, 700_000)).toBeLessThan(0);
  });
});

describe('what else is asked', { timeout: 180_000 }, () => {
  it.each(['h265', 'av1'] as const)('%s, in a container that holds it', async (codec) => {
    const result = await made({ codec, rate: { mode: 'crf', quality: 32 }, preset: 'ultrafast' });
    expect(result.output.video?.codec).toBe(codec === 'h265' ? 'hevc' : 'av1');
    expect(result.output.video?.frames).toBe(100);
    if (codec === 'h265') expect(result.proof).toMatch(/rc=crf crf=32/);
  });

  it('x265 in two passes, and at a constant rate', async () => {
    const twice = await made({ codec: 'h265', rate: { mode: 'abr', bitrate: 300_000, twoPass: true } });
    expect(twice.proof).toMatch(/bitrate=300/);
    const constant = await made({ codec: 'h265', rate: { mode: 'b', bitrate: 400_000 } });
    expect(constant.proof).toMatch(/rc=cbr/);
  });

  it('a smaller picture, its shape kept and its sides even, and never a larger one', async () => {
    const result = await made({ width: 201, height: 4_000 });
    expect(result.output.video).toMatchObject({ width: 200, height: 114 });
    const same = await made({ width: 4_000 });
    expect(same.output.video).toMatchObject({ width: 320, height: 180 });
  });

  it('another frame rate, with the length it had', async () => {
    const result = await made({ fps: 10 });
    expect(result.output.video?.frames).toBeGreaterThanOrEqual(39);
    expect(result.output.video?.frames).toBeLessThanOrEqual(42);
  });

  it('sound as it is where the container holds it, another codec, or none', async () => {
    expect((await made({})).output.audio?.codec).toBe('aac');
    expect((await made({ audio: { codec: 'opus' }, container: 'mkv' })).output.audio?.codec).toBe('opus');
    expect((await made({ audio: { codec: 'none' } })).output.audio).toBeNull();
    const pcm = makeFilm(folder, 'pcm.mkv', { sound: false });
    expect((await made({}, pcm)).output.audio).toBeNull();
  });

  it('subtitles that are burnt in change the picture and nothing else', async () => {
    const subtitles = join(folder, 'words.ass');
    await writeFile(subtitles, assText);
    const plain = await made({});
    const burnt = await made({}, film, { subtitles });
    expect(burnt.output.video?.frames).toBe(plain.output.video?.frames);
    expect(packetsOf(burnt.path)).not.toEqual(packetsOf(plain.path));
  });

  it('a transport stream and an FLV, as recorders leave them', async () => {
    const ts = makeFilm(folder, 'take.ts', {});
    const flv = makeFilm(folder, 'take.flv', {});
    for (const source of [ts, flv]) {
      const encoded = await made({}, source);
      expect(encoded.output.video?.frames).toBe(100);
      const copied = await made({ rate: { mode: 'copy' } }, source);
      expect(copied.output.video?.frames).toBe(100);
      expect(copied.proof).toMatch(/^100 packets of picture, \d+ packets of sound: each has the SHA-256/);
      const open = /Not compared: access unit delimiters \(picture\); ADTS headers \(sound\)/;
      if (source === ts) expect(copied.proof).toMatch(open);
      else expect(copied.proof).not.toMatch(/Not compared/);
    }
  });
});

describe('what goes wrong', { timeout: 120_000 }, () => {
  const failed = async (...args: Parameters<typeof encode>) => {
    const { conclusion } = await encode(...args);
    if (conclusion.outcome === 'ok') throw new Error('It was made.');
    return conclusion.failure;
  };

  it('a file that is no film ends in a sentence, at once', async () => {
    const text = join(folder, 'notes.mp4');
    await writeFile(text, 'not a film at all\n'.repeat(1_000));
    expect(await failed({}, text)).toMatchObject({
      class: 'input',
      reason: { code: 'transcodes.unreadable' },
    });
  });

  it('a playlist that points at other files is not followed', async () => {
    const list = join(folder, 'list.m3u8');
    await writeFile(list, `#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nfile://${film}\n#EXT-X-ENDLIST\n`);
    expect(await failed({}, list)).toMatchObject({
      class: 'input',
      reason: { code: 'transcodes.unreadable' },
    });
    const concat = join(folder, 'list.txt');
    await writeFile(concat, `ffconcat version 1.0\nfile '${film}'\n`);
    expect(await failed({}, concat)).toMatchObject({ class: 'input' });
  });

  it('sound alone is no film', async () => {
    const sound = makeFilm(folder, 'sound.mka', { how: ['-vn', '-c:a', 'aac'], sound: true });
    expect(await failed({}, sound)).toMatchObject({ reason: { code: 'transcodes.no_picture' } });
  });

  it('half a film is made of half a film', async () => {
    const ts = makeFilm(folder, 'whole.ts');
    const cut = join(folder, 'cut.ts');
    const bytes = await readFile(ts);
    await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length / 2) + 17));
    const result = await made({}, cut);
    expect(result.output.video?.frames).toBeGreaterThan(20);
    expect(result.output.video?.frames).toBeLessThan(100);
  });

  it('hardware that is not there, though a node says so, is left alone in the second attempt', async () => {
    const boasting = node.capabilities.map((capability) => ({
      ...capability,
      features: [...capability.features, 'h264_nvenc'],
    }));
    const settings = { encoder: 'nvenc', rate: { mode: 'crf', quality: 28 } } as const;
    const first = await failed(settings, film, { capabilities: boasting });
    expect(first).toMatchObject({ class: 'crash', reason: { code: 'transcodes.hardware' } });
    const second = await made(settings, film, { capabilities: boasting, attempt: 2 });
    expect(second).toMatchObject({ how: 'software', encoder: 'libx264' });
    expect(second.proof).toMatch(/crf=28/);
  });

  it.each([
    ['picture', 'v:0'],
    ['sound', 'a:0'],
  ])('a copy with one bit of its %s changed is thrown away, whatever task made it', async (what, track) => {
    const copies = [
      ['mkv', 'mkv'],
      ['flv', 'mp4'],
      ['ts', 'mp4'],
    ] as const;
    for (const [from, container] of copies) {
      const source = makeFilm(folder, `damage.${from}`);
      const inputs = { source };
      const parameters = { settings: TranscodeSettings.parse({ rate: { mode: 'copy' }, container }) };
      const runs = [
        await runTask(node, damaging(encodeExecutor, track), TRANSCODE_TASK, parameters, { inputs }),
        await runTask(node, damaging(remuxExecutor, track), REMUX_TASK, { container }, { inputs }),
      ];
      for (const { conclusion } of runs) {
        if (conclusion.outcome === 'ok') throw new Error('It was made.');
        const { code, message } = conclusion.failure.reason;
        expect(code).toBe('transcodes.wrong_output');
        expect(message).toMatch(new RegExp(`packet 31 of its ${what} \\(at [\\d.-]+ s\\) is not that`));
      }
    }
  });

  it('a film that begins with sound is copied like any other', async () => {
    const how = ['-map', '1:a', '-map', '0:v', '-c:v', 'libx264', '-preset', 'ultrafast'];
    const source = makeFilm(folder, 'sound-first.mkv', { how });
    const { conclusion } = await runTask(node, remuxExecutor, REMUX_TASK, {}, { inputs: { source } });
    if (conclusion.outcome !== 'ok') throw new Error(conclusion.failure.reason.message);
    const { tracks, proof } = RemuxResult.parse(conclusion.result);
    expect(tracks.map(({ kind }) => kind)).toEqual(['video', 'audio']);
    expect(proof).toMatch(
      /^100 packets of picture, \d+ packets of sound: each has the SHA-256 of the source’s$/,
    );
  });

  it('the third attempt keeps the packets, unless that is not wanted', async () => {
    const third = await made({ rate: { mode: 'crf', quality: 30 } }, film, { attempt: 3 });
    expect(third).toMatchObject({ how: 'remux', encoder: null });
    expect(third.output.video?.codec).toBe('h264');
    const strict = await made({ rate: { mode: 'crf', quality: 30 }, fallback: 'fail' }, film, { attempt: 3 });
    expect(strict).toMatchObject({ how: 'asked', encoder: 'libx264' });
  });

  it('a node without the encoder says so and is not charged', async () => {
    const failure = await failed({ codec: 'av1' }, film, { capabilities: [] });
    expect(failure).toMatchObject({ class: 'capability', reason: { params: { needs: 'ffmpeg' } } });
  });

  it('an ffmpeg that is killed leaves nothing that counts', async () => {
    const long = makeFilm(folder, 'killed.mp4', { seconds: 20, size: '1280x720' });
    const { conclusion } = await encode({ preset: 'veryslow' }, long, {
      async meanwhile(dir, kill) {
        // Once it writes.
        await vi.waitUntil(() => existsSync(join(dir, 'out', 'video')), { timeout: 60_000 });
        kill();
      },
    });
    // Not charged: a film is not remuxed because its node was restarted twice.
    expect(conclusion).toMatchObject({
      outcome: 'failed',
      failure: { class: 'node', reason: { code: 'transcodes.killed' } },
    });
    expect(conclusion.outputs ?? []).toEqual([]);
  });
});

/** The same executor on a disk that changes one bit of the 31st packet of a track before the film is looked at. */
function damaging<P>(executor: TaskExecutor<P>, track: string): TaskExecutor<P> {
  return {
    ...executor,
    async conclude(context) {
      const path = join(context.workDir, 'out', 'video');
      const { pos, size } = placesOf(path, track)[30] ?? { pos: 0, size: 0 };
      const bytes = await readFile(path);
      const at = pos + Math.floor(size / 2);
      bytes.writeUInt8(bytes.readUInt8(at) ^ 0x10, at);
      await writeFile(path, bytes);
      return await executor.conclude(context);
    },
  };
}

function placesOf(path: string, track: string): { pos: number; size: number }[] {
  const what = ['-select_streams', track, '-show_entries', 'packet=size,pos', '-of', 'csv=p=0', path];
  const { stdout } = spawnSync('ffprobe', ['-v', 'error', ...what], { encoding: 'utf8', timeout: 170_000 });
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number))
    .map(([size = 0, pos = 0]) => ({ size, pos }));
}

type Packets = ReturnType<typeof packetsOf>;

/** Bits per second in every window of some seconds that begins with a packet and is whole; times from the first packet. */
function windowsOf(packets: Packets, seconds: number): { from: number; bits: number }[] {
  const first = packets[0]?.at ?? 0;
  const end = (packets.at(-1)?.at ?? 0) + 0.04;
  const jitter = 1e-4;
  return packets
    .filter(({ at }) => at + seconds <= end + jitter)
    .map(({ at: from }) => {
      const within = packets.filter(({ at }) => at >= from - jitter && at < from + seconds - jitter);
      return { from: from - first, bits: (within.reduce((sum, { size }) => sum + size, 0) * 8) / seconds };
    });
}

/** Bits left in a decoder's buffer at its emptiest, when it is full at first and fed at a rate. Below 0 it has run dry. */
function lowestFill(packets: Packets, bitsPerSecond: number, buffer: number): number {
  let fill = buffer;
  let lowest = buffer;
  let last = packets[0]?.at ?? 0;
  for (const { at, size } of packets) {
    fill = Math.min(buffer, fill + (at - last) * bitsPerSecond) - size * 8;
    last = at;
    lowest = Math.min(lowest, fill);
  }
  return lowest;
}

const assText = `[Script Info]
ScriptType: v4.00+
PlayResX: 320
PlayResY: 180

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, Alignment
Style: Default,Sans,40,&H00FFFFFF,5

[Events]
Format: Layer, Start, End, Style, Text
Dialogue: 0,0:00:00.00,0:00:04.00,Default,弹幕 chat
`;
