import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProbeContext, RunCommand } from '@backlot/node/workload';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { recorderProbe } from './recorder-probe.ts';

let scratch: string;
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'backlot-probe-'));
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const run: RunCommand = ([command = '', ...rest], { timeoutMs, env }) =>
  new Promise((resolve) => {
    execFile(
      command,
      rest,
      { timeout: timeoutMs, env: { ...env }, encoding: 'buffer' },
      (error, stdout, stderr) => {
        const code = error ? (typeof error.code === 'number' ? error.code : null) : 0;
        resolve({ code, signal: error?.signal ?? null, stdout, stderr, timedOut: error?.killed ?? false });
      },
    );
  });

const context = (env: Record<string, string | undefined>): ProbeContext => ({
  run,
  log: pino({ level: 'silent' }),
  signal: AbortSignal.timeout(60_000),
  scratch,
  env,
});

it('proves the recorder by recording', async () => {
  const env = { PATH: process.env.PATH, BACKLOT_INGEST_PORT: '19350' };
  const found = await recorderProbe.probe(context(env));
  const recorder = found.find(({ name }) => name === 'recorder');
  expect(recorder?.proof).toMatch(/recorded 10 pictures/);
  expect(recorder?.features).toEqual(expect.arrayContaining(['http-flv', 'push', 'rtmp', 'rtsp', 'srt']));
  for (const name of ['streamlink', 'yt-dlp'])
    if (spawnSync(name, ['--version'], { timeout: 60_000 }).status === 0)
      expect(found.find((capability) => capability.name === name)?.proof).toMatch(/two qualities/);
  expect(recorder?.details).toEqual({ ingest: { port: 19_350 } });
});

it('is proved without any tool, and offers no more then', async () => {
  const found = await recorderProbe.probe(context({ PATH: scratch, BACKLOT_INGEST_PORT: 'none' }));
  expect(found.map(({ name }) => name)).toEqual(['recorder']);
  expect(found[0]?.features).toContain('http-flv');
  expect(found[0]?.features).not.toContain('rtmp');
  expect(found[0]?.features).not.toContain('push');
});
