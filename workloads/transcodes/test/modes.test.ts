import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTestNode, type RunOptions, runTask, type TestNode } from '@backlot/testkit/run-task';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { EncodeResult, TRANSCODE_TASK, TranscodeSettings, type TranscodeSettingsInput } from '../contract.ts';
import { encodeExecutor } from '../node/encode/encode-executor.ts';
import { makeFilm, packetsOf, rateBySecond } from './films.ts';

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
    expect(result.proof).toMatch(/^100 packets, MD5=[0-9a-f]{32}$/);
    expect(packetsOf(result.path).map(({ size }) => size)).toEqual(packetsOf(film).map(({ size }) => size));
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

  it('B is a constant bitrate, padded in every second', async () => {
    const long = makeFilm(folder, 'long.mp4', { seconds: 8 });
    const result = await made({ rate: { mode: 'b', bitrate: 800_000 }, audio: { codec: 'none' } }, long);
    expect(result.proof).toMatch(/rc=cbr .*bitrate=800/);
    for (const rate of rateBySecond(packetsOf(result.path)).slice(1)) {
      expect(Math.abs(rate / 800_000 - 1)).toBeLessThan(0.25);
    }
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
    const long = makeFilm(folder, 'long-vbr.mp4', { seconds: 8 });
    const rate = { mode: 'vbr', bitrate: 500_000, maxBitrate: 700_000, bufferBits: 700_000 } as const;
    const result = await made({ rate, preset: 'veryfast', audio: { codec: 'none' } }, long);
    expect(result.proof).toMatch(/rc=abr .*bitrate=500 .*vbv_maxrate=700 vbv_bufsize=700/);
    const seconds = rateBySecond(packetsOf(result.path));
    // A buffer full at the start may be spent within its own length.
    for (const [at, bits] of seconds.entries()) {
      expect(bits).toBeLessThan((at === 0 ? 2.1 : 1.1) * 700_000 + 700_000 * 0.35);
    }
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
      expect(copied.proof).toMatch(/^100 packets/);
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
    const { readFile } = await import('node:fs/promises');
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
    expect(conclusion).toMatchObject({ outcome: 'failed', failure: { class: 'crash' } });
    expect(conclusion.outputs ?? []).toEqual([]);
  });
});

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
