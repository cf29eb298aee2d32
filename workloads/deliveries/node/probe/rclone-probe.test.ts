import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { createRunCommand } from '@backlot/node/probes/run-command';
import { runProbes } from '@backlot/node/probes/run-probes';
import { systemProcessTable } from '@backlot/node/processes/system-process-table';
import { pino } from 'pino';
import { afterAll, describe, expect, it } from 'vitest';
import { rcloneProbe } from './rclone-probe.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-rclone-probe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = createRunCommand({
  table: systemProcessTable(),
  clock: systemClock,
  owner: 'probe-test',
  instance: 'test',
});
const asked: string[] = [];
const look = (path: string) =>
  runProbes({
    probes: [rcloneProbe],
    run,
    log: pino({ level: 'silent' }),
    signal: AbortSignal.timeout(60_000),
    cacheDir: join(folder, 'cache'),
    env: { PATH: path },
    onProbe: (name) => asked.push(name),
  });

describe('the probe of rclone', () => {
  it('has it copy a file, once for as long as the program is the same', async () => {
    const found = await look(process.env.PATH ?? '');
    expect(found).toMatchObject([{ name: 'rclone', proof: 'copied a file' }]);
    expect(found[0]?.version).toMatch(/^\d+\.\d+/);
    expect(found[0]?.details.path).toMatch(/rclone$/);
    expect(await look(process.env.PATH ?? '')).toEqual(found);
    expect(asked).toEqual(['rclone']);
  });

  it('offers nothing where there is none, or one that says its version and copies nothing', async () => {
    expect(await look(folder)).toEqual([]);
    const liar = join(folder, 'rclone');
    writeFileSync(liar, '#!/bin/sh\necho "rclone v1.60.1"\n');
    chmodSync(liar, 0o755);
    expect(await look(folder)).toEqual([]);
  });
});
