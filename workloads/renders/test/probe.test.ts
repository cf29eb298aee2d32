import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandResult, ProbeContext } from '@backlot/node/workload';
import pino from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { blenderProbe } from '../node/blender/probe.ts';

/**
 * The probe against a real Blender in which one engine ends the whole process, as Eevee does on a machine without
 * libEGL: found on a bare Debian, where that abort hid everything else that Blender could do.
 */
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-probe-'));
  const real = execFileSync('which', ['blender'], { encoding: 'utf8' }).trim();
  const abort = [
    'import bpy, os',
    'def end(scene, *rest):',
    '    if "EEVEE" in scene.render.engine: os.abort()',
    'end = bpy.app.handlers.persistent(end)',
    'bpy.app.handlers.render_pre.append(end)',
  ].join('\n');
  writeFileSync(join(folder, 'fragile.py'), abort);
  const wrapper = join(folder, 'blender');
  writeFileSync(
    wrapper,
    `#!/bin/sh\n[ "$2" = --version ] && exec '${real}' "$@"\nexec '${real}' -b --python '${folder}/fragile.py' "$@"\n`,
  );
  chmodSync(wrapper, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(
  argv: readonly string[],
  options: { timeoutMs: number; env?: Readonly<Record<string, string>> },
): Promise<CommandResult> {
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    env: options.env ?? {},
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  return { code, signal, stdout: Buffer.concat(out), stderr: Buffer.concat(err), timedOut: false };
}

it('keeps what Blender can do when one engine takes the whole process with it', async () => {
  const context: ProbeContext = {
    run,
    log: pino({ level: 'silent' }),
    signal: AbortSignal.timeout(240_000),
    scratch: folder,
    env: { BACKLOT_BLENDER: join(folder, 'blender') },
  };
  const [capability, ...others] = await blenderProbe.probe(context);
  expect(others).toEqual([]);
  expect(capability?.features).toEqual(
    expect.arrayContaining(['cycles', 'cycles-cpu', 'gltf', 'obj', 'stl']),
  );
  expect(capability?.features).not.toContain('eevee');
  expect(capability?.details.lacks).toMatchObject({ 'engine.eevee': expect.stringContaining('SIGABRT') });
}, 300_000);
