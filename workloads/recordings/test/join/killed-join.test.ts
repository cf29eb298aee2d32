import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { ConcludeContext } from '@backlot/node/workload';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { joinExecutor } from '../../node/join/join-executor.ts';
import { JOIN_ORDER, KILLED } from '../../node/join/join-files.ts';
import { makeSample } from '../sources/sample.ts';

const program = resolve(import.meta.dirname, '../../node/join/join-main.ts');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-killed-join-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('a join tells that its ffmpeg was killed by somebody outside', () => {
  const { path } = makeSample(folder, { seconds: 2, gopSeconds: 1 });
  const ffmpeg = join(folder, 'ffmpeg-that-is-killed');
  writeFileSync(ffmpeg, '#!/bin/sh\nkill -9 $$\n');
  chmodSync(ffmpeg, 0o755);
  const segment = {
    ...{ path, broadcast: 'b', number: 1, part: 1, run: 1, container: 'flv', baseMs: 0, firstMs: 0 },
    ...{ lastMs: 1_960, firstWall: 1_000_000, lastWall: 1_001_960, videoFrames: 50, audioFrames: 94 },
    ...{ codecs: ['h264', 'aac'], width: 160, height: 90 },
  };
  const order = { ffmpeg, segments: [segment], container: 'mp4', title: null };
  writeFileSync(join(folder, JOIN_ORDER), JSON.stringify(order));
  const ended = spawnSync(process.execPath, ['--no-warnings', program], { cwd: folder, timeout: 170_000 });
  expect(ended.status).toBe(KILLED);
}, 180_000);

it.each([
  [{ code: null, signal: 'SIGKILL', cause: 'exited' }, 'node'],
  [{ code: KILLED, signal: null, cause: 'exited' }, 'node'],
  [{ code: null, signal: 'SIGKILL', cause: 'oom' }, 'memory'],
  [{ code: null, signal: 'SIGKILL', cause: 'timeout' }, 'crash'],
  [{ code: 1, signal: null, cause: 'exited' }, 'crash'],
] as const)('an end by %j is of class %s', async (exit, failureClass) => {
  // All that an end that was not good is judged by.
  const context = { exit, logTail: async () => '' } as unknown as ConcludeContext<never>;
  expect(await joinExecutor.conclude(context)).toMatchObject({
    outcome: 'failed',
    failure: { class: failureClass },
  });
});
