import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { systemProcessTable } from '../processes/system-process-table.ts';
import { findExecutable } from '../sandbox/sandbox-system.ts';
import type { CapabilityProbe } from '../workload.ts';
import { ffmpegProbe } from './ffmpeg-probe.ts';
import { encodeArguments, familiesOf, parseCodecList, parseVersion, videoTrials } from './ffmpeg-trials.ts';
import { createRunCommand } from './run-command.ts';
import { type RunProbesOptions, runProbes } from './run-probes.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-probes-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = createRunCommand({
  table: systemProcessTable(),
  clock: systemClock,
  owner: 'probe-test',
  instance: 'test',
});

function options(probes: readonly CapabilityProbe[], more: Partial<RunProbesOptions> = {}): RunProbesOptions {
  return {
    probes,
    run,
    log: pino({ level: 'silent' }),
    signal: AbortSignal.timeout(60_000),
    cacheDir: join(folder, 'cache'),
    ...more,
  };
}

/** A probe of a file, which counts how often it was really asked. */
function counting(name: string, file: string, act: () => Promise<void> = async () => {}) {
  const asked: string[] = [];
  const probe: CapabilityProbe = {
    name,
    fingerprint: async () => (file === '' ? [] : [file]),
    async probe({ scratch }) {
      asked.push(scratch);
      writeFileSync(join(scratch, 'left'), '');
      await act();
      return [
        { name, features: ['a'], details: {}, proof: 'by counting', provedAt: new Date().toISOString() },
      ];
    },
  };
  return { probe, asked };
}

describe('probes', () => {
  it('are asked once, and again when the file that they depend on has changed', async () => {
    const file = join(folder, 'program');
    writeFileSync(file, '1');
    const { probe, asked } = counting('once', file);
    const first = await runProbes(options([probe]));
    expect(await runProbes(options([probe]))).toEqual(first);
    expect(asked).toHaveLength(1);
    utimesSync(file, 1, 1);
    await runProbes(options([probe]));
    expect(asked).toHaveLength(2);
  });

  it('are asked again when what was kept can not be read', async () => {
    const file = join(folder, 'other');
    writeFileSync(file, '1');
    const { probe, asked } = counting('damaged', file);
    await runProbes(options([probe]));
    writeFileSync(join(folder, 'cache', 'damaged.json'), '{"v":1,"finger');
    expect(await runProbes(options([probe]))).toHaveLength(1);
    expect(asked).toHaveLength(2);
  });

  it('that depend on no file are never kept', async () => {
    const { probe, asked } = counting('always', '');
    await runProbes(options([probe]));
    await runProbes(options([probe]));
    expect(asked).toHaveLength(2);
  });

  it('leave no scratch space behind, also when they fail', async () => {
    const { probe } = counting('failing', folder, async () => {
      throw new Error('no');
    });
    expect(await runProbes(options([probe]))).toEqual([]);
    expect(readdirSync(join(folder, 'cache')).filter((name) => name.startsWith('scratch'))).toEqual([]);
    expect(existsSync(join(folder, 'cache', 'failing.json'))).toBe(false);
  });

  it('end with the agent, also one that is asked in the very moment in which it closes', async () => {
    const closing = new AbortController();
    const probe: CapabilityProbe = {
      name: 'late',
      fingerprint: async () => {
        closing.abort(new Error('The agent is closing.'));
        return [];
      },
      // A rejection that nobody hears would end the agent's process; here it fails the run.
      probe: async ({ signal }) => {
        await Promise.resolve();
        signal.throwIfAborted();
        return [];
      },
    };
    await expect(runProbes(options([probe], { signal: closing.signal }))).rejects.toThrow('is closing');
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it('that fail or hang cost nothing but their own capabilities', async () => {
    const bad = counting('bad', '', async () => {
      throw new Error('broken driver');
    });
    const good = counting('good', '');
    expect((await runProbes(options([bad.probe, good.probe]))).map(({ name }) => name)).toEqual(['good']);
    const hanging = counting('hanging', '', () => new Promise(() => {}));
    await expect(runProbes(options([hanging.probe], { signal: AbortSignal.timeout(50) }))).rejects.toThrow();
  });
});

describe('what ffmpeg prints', () => {
  it('names the encoders of its build', () => {
    const printed = [
      'Encoders:',
      ' V..... = Video',
      ' ------',
      ' V....D libx264              libx264 H.264',
      ' A..... aac                  AAC',
      ' S..... srt                  SubRip',
      '',
    ].join('\n');
    expect(parseCodecList(printed)).toEqual(['libx264', 'aac', 'srt']);
    expect(parseCodecList('')).toEqual([]);
  });

  it.each([
    ['ffmpeg version 5.1.6-0+deb12u1 Copyright', '5.1.6'],
    ['ffmpeg version n7.1 Copyright', '7.1'],
    ['ffmpeg version N-118-gabcdef Copyright', undefined],
  ])('%s is version %s', (printed, version) => expect(parseVersion(printed)).toBe(version));

  it('makes families', () => {
    expect(familiesOf(['libx264', 'h264_nvenc', 'hevc_nvenc', 'aac'])).toEqual(['x264', 'nvenc']);
  });

  it('gets a file name as it is', () => {
    const [trial] = videoTrials;
    expect(trial && encodeArguments(trial, 'video', '/a b/$(x).mp4').at(-1)).toBe('/a b/$(x).mp4');
  });
});

describe.runIf(findExecutable('ffmpeg', process.env.PATH ?? ''))('the probe of ffmpeg', () => {
  it('finds the encoders that really work here, and none that only are in the list', async () => {
    const [capability] = await runProbes(options([ffmpegProbe]));
    expect(capability).toMatchObject({ name: 'ffmpeg', version: expect.stringMatching(/^\d+\.\d+/) });
    expect(capability?.features).toEqual(expect.arrayContaining(['libx264', 'x264', 'aac', 'ffprobe']));
    expect(capability?.details.decoders).toContain('h264');
    const nvidia = existsSync('/dev/nvidiactl');
    if (!nvidia) expect(capability?.features.some((name) => name.includes('nvenc'))).toBe(false);
  });

  it('finds nothing where there is none', async () => {
    expect(await runProbes(options([ffmpegProbe], { env: { PATH: '/nowhere' } }))).toEqual([]);
  });

  it('takes another ffmpeg when told, and finds out that it is broken', async () => {
    const fake = join(folder, 'ffmpeg');
    writeFileSync(fake, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    expect(
      await runProbes(options([ffmpegProbe], { env: { PATH: '/nowhere', BACKLOT_FFMPEG: fake } })),
    ).toEqual([]);
  });
});
