import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CapabilityProbe, findExecutable, type ProbeContext } from '@backlot/node/workload';

export const rcloneCapability = 'rclone';

const probeMs = 15_000;
const executable = process.platform === 'win32' ? 'rclone.exe' : 'rclone';

/** rclone, proved by a file that it copies. Kept for as long as the program is the same. */
export const rcloneProbe: CapabilityProbe = {
  name: 'rclone',

  async fingerprint({ env }) {
    const path = locate(env);
    return path === undefined ? [] : [path];
  },

  async probe({ run, signal, scratch, env }) {
    const path = locate(env);
    if (path === undefined) return [];
    const answer = await run([path, 'version'], { timeoutMs: probeMs, signal });
    const version = /^rclone v(\S+)/.exec(answer.stdout.toString('utf8'))?.[1];
    if (answer.code !== 0 || version === undefined) return [];
    // That it says its version proves little; that it brings a file somewhere does.
    const [from, to] = [join(scratch, 'from'), join(scratch, 'to')];
    await writeFile(from, 'backlot');
    const copied = await run([path, '--config', '/dev/null', 'copyto', from, to], {
      timeoutMs: probeMs,
      signal,
    });
    const there = await readFile(to, 'utf8').catch(() => '');
    if (copied.code !== 0 || there !== 'backlot') return [];
    return [
      {
        name: rcloneCapability,
        version: version.replace(/-.*$/, ''),
        features: [],
        details: { path },
        proof: 'copied a file',
        provedAt: new Date().toISOString(),
      },
    ];
  },
};

function locate(env: ProbeContext['env']): string | undefined {
  return findExecutable(executable, env.PATH ?? '');
}
