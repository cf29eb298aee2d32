import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import * as esbuild from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunCommand } from '../../packages/node/src/probes/run-command.ts';
import { systemProcessTable } from '../../packages/node/src/processes/system-process-table.ts';
import { programCode } from '../../packages/node/src/program-code.ts';
import { openSandbox } from '../../packages/node/src/sandbox/sandbox.ts';
import { root } from '../setup/repository.mjs';
import { bundle } from './bundle.mjs';

/**
 * Programs that run in a sandbox, and what they say where nothing is there of what they were started for; of the workloads
 * that are installed.
 */
const programs = [
  ['workloads/recordings/node/join/join-main', /ENOENT.*join\.json/],
  ['workloads/deliveries/node/work/deliver-main', /ENOENT/],
  ['workloads/transcodes/node/encode/passes-main', /ENOENT/],
].filter(([place]) => existsSync(join(root, `${place}.ts`)));

describe('programs in a sandbox', () => {
  const folder = mkdtempSync(join(tmpdir(), 'backlot-bundle-'));
  const release = join(folder, 'release');
  let run;
  let none;

  beforeAll(async () => {
    await bundle(release, esbuild);
    const parts = { table: systemProcessTable(), clock: systemClock, owner: 'test', instance: 'test' };
    const sandbox = await openSandbox({ run: createRunCommand(parts), clock: systemClock, scratch: folder });
    none = sandbox.reason;
    run = createRunCommand({ ...parts, sandbox });
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('have a place in the release', () => {
    expect(existsSync(join(release, 'bin/backlot.mjs'))).toBe(true);
    expect(programs.filter(([place]) => !existsSync(join(release, `${place}.js`)))).toEqual([]);
  });

  it.for([
    ...programs.map(([place, says]) => [`${place} from a release`, join(release, `${place}.js`), says]),
    ...programs.map(([place, says]) => [`${place} from source`, join(root, `${place}.ts`), says]),
  ])('find all their code: %s', async ([, program, says], { skip }) => {
    if (none !== undefined) skip(none);
    const work = mkdtempSync(join(folder, 'work-'));
    const result = await run([process.execPath, '--no-warnings', program], {
      timeoutMs: 60_000,
      cwd: work,
      sandbox: { network: 'none', readOnly: programCode(program), workDir: work },
    });
    const said = result.stderr.toString();
    expect(said).not.toMatch(/ERR_MODULE_NOT_FOUND/);
    expect(said).toMatch(says);
  });
});
