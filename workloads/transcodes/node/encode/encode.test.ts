import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RateControl, TranscodeSettings, type TranscodeSettingsInput } from '../../contract.ts';
import { type EncodeFacts, type EncodePlaces, encodePasses } from './arguments.ts';
import { classifyEnding } from './classify-ending.ts';
import { encoderOf, presetArguments, rateArguments } from './encoders.ts';
import { fitBox } from './fit-box.ts';
import { planAttempt } from './plan-attempt.ts';
import { readProgress } from './progress.ts';

type Encoding = Exclude<RateControl, { mode: 'copy' }>;

describe('the arguments of the modes', () => {
  const crf: Encoding = { mode: 'crf', quality: 24 };
  const capped: Encoding = { mode: 'crf', quality: 24, maxBitrate: 3_000_000 };
  const cq: Encoding = { mode: 'cq', quantiser: 24 };
  const b: Encoding = { mode: 'b', bitrate: 5_000_000 };
  const abr: Encoding = { mode: 'abr', bitrate: 5_000_000, twoPass: false };
  const vbr: Encoding = { mode: 'vbr', bitrate: 3_000_000, maxBitrate: 6_000_000, twoPass: false };

  it.each<[string, Encoding, string]>([
    ['libx264', crf, '-crf 24'],
    ['libx264', capped, '-crf 24 -maxrate 3000000 -bufsize 6000000'],
    ['libx264', cq, '-qp 24'],
    [
      'libx264',
      b,
      '-b:v 5000000 -minrate 5000000 -maxrate 5000000 -bufsize 5000000 -x264-params nal-hrd=cbr',
    ],
    ['libx264', abr, '-b:v 5000000'],
    ['libx264', vbr, '-b:v 3000000 -maxrate 6000000 -bufsize 12000000'],
    ['libx265', b, '-b:v 5000000 -minrate 5000000 -maxrate 5000000 -bufsize 5000000'],
    ['libsvtav1', crf, '-crf 24'],
    ['h264_nvenc', crf, '-rc vbr -cq 24 -b:v 0'],
    ['h264_nvenc', cq, '-rc constqp -qp 24'],
    ['hevc_nvenc', { ...abr, twoPass: true }, '-rc vbr -b:v 5000000 -multipass fullres'],
    ['h264_qsv', crf, '-global_quality 24'],
    ['h264_vaapi', cq, '-rc_mode CQP -qp 24'],
  ])('%s %j', (encoder, rate, expected) => {
    expect(rateArguments(encoder, rate).join(' ')).toBe(expected);
  });

  it('never give a buffer without a ceiling, nor a ceiling without a buffer', () => {
    const bitrate = fc.integer({ min: 16_000, max: 400_000_000 });
    const rate = fc.oneof(
      fc.record({ mode: fc.constant('crf' as const), quality: fc.nat(51) }),
      fc.record({ mode: fc.constant('crf' as const), quality: fc.nat(51), maxBitrate: bitrate }),
      fc.record({ mode: fc.constant('b' as const), bitrate }),
      fc.record({ mode: fc.constant('abr' as const), bitrate, twoPass: fc.boolean() }),
      fc.record({ mode: fc.constant('vbr' as const), bitrate, maxBitrate: bitrate, twoPass: fc.boolean() }),
    );
    fc.assert(
      fc.property(rate, fc.constantFrom('libx264', 'libx265', 'h264_nvenc', 'hevc_qsv'), (one, encoder) => {
        const words = rateArguments(encoder, one);
        expect(words.includes('-maxrate')).toBe(words.includes('-bufsize'));
      }),
    );
  });

  it('name encoders that exist, and presets in their own words', () => {
    expect(encoderOf('software', 'av1')).toBe('libsvtav1');
    expect(() => encoderOf('vaapi', 'av1')).toThrow(RangeError);
    expect(presetArguments('libsvtav1', 'ultrafast')).toEqual(['-preset', '12']);
    expect(presetArguments('h264_nvenc', 'veryslow')).toEqual(['-preset', 'p7']);
    expect(presetArguments('h264_vaapi', 'slow')).toEqual([]);
  });
});

const places: EncodePlaces = {
  ffmpeg: '/usr/bin/ffmpeg',
  source: '/a/inputs/source',
  output: '/a/work/out/video',
  subtitles: null,
  stats: 'pass',
};
const facts: EncodeFacts = {
  video: {
    codec: 'h264',
    width: 1920,
    height: 1080,
    pixelFormat: 'yuv420p',
    frames: 100,
    startMs: 0,
    endMs: 4_000,
  },
  audio: { codec: 'pcm_s16le', channels: 2, sampleRate: 48_000, packets: 100, startMs: 0, endMs: 4_000 },
  threads: 2,
  fpsMode: true,
};
const passes = (settings: TranscodeSettingsInput, more: Partial<EncodeFacts> = {}) =>
  encodePasses(TranscodeSettings.parse(settings), 'software', places, { ...facts, ...more }).map((argv) =>
    argv.join(' '),
  );

describe('a run of ffmpeg', () => {
  it('is one, and two for two passes of which the first writes nothing and hears nothing', () => {
    expect(passes({})).toHaveLength(1);
    const [first, second] = passes({ rate: { mode: 'abr', bitrate: 1_000_000, twoPass: true } });
    expect(first).toMatch(/-pass 1 -passlogfile pass .*-f null -$/);
    expect(first).not.toMatch(/0:a|faststart/);
    expect(second).toMatch(/-pass 2 -passlogfile pass .*-c:a aac .*\/a\/work\/out\/video$/);
  });

  it('opens nothing but files, and no lists of files', () => {
    for (const run of [...passes({}), ...passes({ rate: { mode: 'copy' } })]) {
      expect(run).toMatch(/-protocol_whitelist file -format_whitelist \S+ -i file:\/a\/inputs\/source/);
      expect(run).not.toMatch(/hls|concat/);
    }
  });

  it('copies the sound that the container holds, and makes AAC of the rest', () => {
    expect(passes({})[0]).toMatch(/-c:a aac/);
    expect(passes({ container: 'mkv' })[0]).toMatch(/-c:a copy/);
    const aac = facts.audio && { ...facts.audio, codec: 'aac' };
    expect(passes({}, { audio: aac })[0]).toMatch(/-c:a copy/);
    expect(passes({ audio: { codec: 'none' } })[0]).not.toMatch(/0:a/);
  });

  it('knows older releases of ffmpeg', () => {
    expect(passes({})[0]).toMatch(/-fps_mode passthrough/);
    expect(passes({}, { fpsMode: false })[0]).toMatch(/-vsync passthrough/);
    expect(passes({ fps: 30 })[0]).not.toMatch(/passthrough/);
  });
});

describe('settings that do not go together', () => {
  it.each<[TranscodeSettingsInput, RegExp]>([
    [{ rate: { mode: 'copy' }, fps: 30 }, /leave out width/],
    [{ rate: { mode: 'crf', quality: 60 } }, /51/],
    [{ rate: { mode: 'vbr', bitrate: 2_000_000, maxBitrate: 1_000_000 } }, /below the average/],
    [{ codec: 'av1', rate: { mode: 'b', bitrate: 1_000_000 } }, /vbr/],
    [{ codec: 'av1', encoder: 'vaapi' }, /VAAPI/],
    [{ codec: 'av1', rate: { mode: 'abr', bitrate: 1_000_000, twoPass: true } }, /one pass/],
  ])('%j', (settings, message) => {
    expect(TranscodeSettings.safeParse(settings).error?.issues[0]?.message).toMatch(message);
  });
});

describe('the size of a picture', () => {
  it('fits, keeps its shape, is even and never larger', () => {
    const side = fc.integer({ min: 16, max: 8_192 });
    const box = fc.record({
      width: fc.option(side, { nil: undefined }),
      height: fc.option(side, { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.record({ width: side, height: side }), box, (source, within) => {
        const size = fitBox(source, within);
        expect([size.width % 2, size.height % 2]).toEqual([0, 0]);
        expect(size.width).toBeLessThanOrEqual(Math.min(source.width, within.width ?? Infinity) + 1);
        expect(size.height).toBeLessThanOrEqual(Math.min(source.height, within.height ?? Infinity) + 1);
        const scale = Math.min(
          1,
          (within.width ?? Infinity) / source.width,
          (within.height ?? Infinity) / source.height,
        );
        expect(Math.abs(size.width - source.width * scale)).toBeLessThanOrEqual(2);
        expect(Math.abs(size.height - source.height * scale)).toBeLessThanOrEqual(2);
      }),
    );
  });
});

describe('what an attempt does', () => {
  it.each([
    [{}, 1, 'asked', 'software'],
    [{}, 2, 'asked', 'software'],
    [{}, 3, 'remux', null],
    [{ encoder: 'nvenc' }, 1, 'asked', 'nvenc'],
    [{ encoder: 'nvenc' }, 2, 'software', 'software'],
    [{ encoder: 'nvenc' }, 3, 'remux', null],
    [{ encoder: 'nvenc', fallback: 'fail' }, 3, 'software', 'software'],
    [{ rate: { mode: 'copy' } }, 3, 'asked', null],
  ] as const)('%j, attempt %i: %s', (settings, attempt, how, family) => {
    expect(planAttempt(TranscodeSettings.parse(settings), attempt)).toEqual({ how, family });
  });
});

describe('what ffmpeg says on the way', () => {
  const report = (frame: number, micros: number) =>
    `frame=${frame}\nfps=25.0\nout_time_us=${micros}\nout_time_ms=${micros}\nspeed=1.5x\nprogress=continue\n`;

  it('is the newest whole report, wherever the piece is cut', () => {
    const text = report(10, 400_000) + report(20, 800_000) + report(30, 1_200_000);
    for (let cut = 0; cut < text.length; cut += 1) {
      const told = readProgress(text.slice(0, cut));
      if (told) expect([10, 20, 30]).toContain(told.frame);
    }
    expect(readProgress(text)).toEqual({ frame: 30, timeMs: 1_200, speed: 1.5 });
    expect(readProgress(`${text}frame=40\nout_ti`)).toMatchObject({ frame: 30 });
  });

  it('is nothing at first, and nothing of what is not there', () => {
    expect(readProgress('')).toBeUndefined();
    expect(readProgress('frame=0\nfps=0.0\nout_time_us=N/A\nspeed=N/A\nprogress=continue\n')).toEqual({
      frame: 0,
      timeMs: 0,
      speed: undefined,
    });
  });
});

describe('why an ffmpeg did not end well', () => {
  const settings = TranscodeSettings.parse({ encoder: 'nvenc' });
  const offer = {
    resources: { cpu: 2, memory: 1024 ** 3, disk: 0, packets: 0, gpus: [] },
    limits: { silenceMs: 60_000, stopGraceMs: 0 },
    attempt: 1,
  };
  const exit = { code: 1, signal: null, cause: 'exited', usage: { wallMs: 1 } } as const;
  const asked = { how: 'asked', family: 'nvenc' } as const;

  it.each([
    ['[h264_nvenc @ 0x55] Cannot load libcuda.so.1\nConversion failed!\n', 'crash', 'transcodes.hardware'],
    ['av_interleaved_write_frame(): No space left on device\n', 'node', 'transcodes.disk_full'],
    ['[mp4 @ 0x1] Could not find tag for codec vp8 in stream #0\n', 'input', 'transcodes.container'],
    ['file:/a/inputs/source: Invalid data found when processing input\n', 'input', 'transcodes.unreadable'],
    ['Something new\n', 'crash', 'transcodes.ffmpeg_failed'],
  ])('%j: %s', (log, failureClass, code) => {
    const failure = classifyEnding({ exit, log, settings, plan: asked, offer });
    expect(failure).toMatchObject({ class: failureClass, reason: { code } });
    expect(failure.reason.message).not.toMatch(/\/a\/inputs|0x55/);
  });

  it.each([
    ['oom', 'memory'],
    ['silence', 'stall'],
    ['timeout', 'stall'],
    ['spawn-failed', 'node'],
  ] as const)('%s is %s', (cause, failureClass) => {
    const failure = classifyEnding({ exit: { ...exit, cause }, log: '', settings, plan: asked, offer });
    expect(failure.class).toBe(failureClass);
  });

  it.each([
    { code: null, signal: 'SIGKILL' },
    { code: 137, signal: null },
  ])('%j is somebody outside, and not charged to the film', (how) => {
    const failure = classifyEnding({ exit: { ...exit, ...how }, log: '', settings, plan: asked, offer });
    expect(failure).toMatchObject({ class: 'node', reason: { code: 'transcodes.killed' } });
  });
});
