import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunCommand } from '../probes/run-command.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';
import type { CommandOptions } from '../workload.ts';
import { openSandbox, type Sandbox } from './sandbox.ts';
import { findExecutable } from './sandbox-system.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-sandbox-'));
const work = join(folder, 'work');
const inputs = join(folder, 'inputs');
const secret = join(folder, 'secret');
const parts = { table: systemProcessTable(), clock: systemClock, owner: 'test', instance: 'test' };
let sandbox: Sandbox;

beforeAll(async () => {
  mkdirSync(work);
  mkdirSync(inputs);
  writeFileSync(secret, 'secret');
  writeFileSync(join(inputs, 'model'), 'model');
  sandbox = await openSandbox({ run: createRunCommand(parts), clock: systemClock, scratch: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a shell script inside; the folders are its first two arguments. */
async function inside(script: string, more: Partial<CommandOptions> = {}) {
  const run = createRunCommand({ ...parts, sandbox });
  const result = await run(['/bin/sh', '-c', script, 'sh', work, inputs], {
    timeoutMs: 20_000,
    sandbox: { network: 'none', readOnly: [inputs], workDir: work },
    ...more,
  });
  return { code: result.code, out: result.stdout.toString().trim(), err: result.stderr.toString().trim() };
}

describe.runIf(process.platform === 'linux' && findExecutable('bwrap', process.env.PATH ?? ''))(
  'the sandbox',
  () => {
    it('has been proved on this machine', () => {
      expect(sandbox.reason).toBeUndefined();
      expect(sandbox.capability?.features).toEqual(
        expect.arrayContaining(['filesystem', 'network', 'processes']),
      );
      expect(sandbox.capability?.version).toMatch(/^\d+\.\d+/);
    });

    it('lets a process read its inputs and write its folder, by the same paths as outside', async () => {
      expect(await inside('cat "$2/model"; echo made > "$1/made"; pwd')).toMatchObject({
        code: 0,
        out: `model${work}`,
      });
      expect(readFileSync(join(work, 'made'), 'utf8')).toBe('made\n');
      expect(statSync(join(work, 'made')).uid).toBe(process.getuid?.());
    });

    it.each([
      ['its inputs', '"$2/model"'],
      ['the system', '/usr/bin/x'],
      ['the top', '/x'],
      ['the devices', '/dev/x'],
    ])('does not let it write to %s', async (_name, path) => {
      expect((await inside(`echo x > ${path}`)).code).not.toBe(0);
    });

    it('does not let it change settings of the kernel, also when the agent is root', async () => {
      // Writes back what it has read, so that a sandbox that leaks does no harm to the machine of the test.
      const name = '/proc/sys/kernel/core_pattern';
      const { code, err } = await inside(`value="$(cat ${name})" || exit 0; printf '%s' "$value" > ${name}`);
      expect(code).not.toBe(0);
      expect(err).toMatch(/Read-only|denied/);
    });

    it('finds nothing else in the kernel’s file systems that it could write', async () => {
      const script =
        "find /proc /sys /dev -type f -writable 2>/dev/null | grep -vE '^/proc/([0-9]+|self|thread-self|pressure)/|^/dev/(tty|urandom|random|full|zero|null)$'; true";
      expect((await inside(script)).out).toBe('');
    });

    it('shows no users, no homes, no other data, no other processes', async () => {
      const script = `for f in /etc/passwd /etc/shadow /root /home /var/lib "${secret}" "$1/../secret"; do [ -e "$f" ] && echo "$f"; done; ls -d /proc/[0-9]* | wc -l`;
      expect(Number((await inside(script)).out)).toBeLessThan(8);
    });

    it('has no network, not even the loopback of the machine', async () => {
      const server = createServer((socket) => socket.end('reached'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as { port: number };
      try {
        const connect = `import socket; print(socket.create_connection(('127.0.0.1', ${port}), 5).recv(9))`;
        const closed = await inside(`exec python3 -c "${connect}"`);
        expect(closed.code).not.toBe(0);
        expect(closed.err).toMatch(/ConnectionRefused|unreachable/);
        const open = await inside(`exec python3 -c "${connect}"`, {
          sandbox: { network: 'host', workDir: work },
        });
        expect(open).toMatchObject({ code: 0, out: "b'reached'" });
      } finally {
        server.close();
      }
    });

    it('gives no capabilities and no way to get them', async () => {
      const { out } = await inside(
        'grep -E "^(CapEff|CapPrm|NoNewPrivs)" /proc/self/status; id -u; unshare -U true && echo again',
      );
      expect(out).toMatch(/CapPrm:\s+0+\nCapEff:\s+0+\nNoNewPrivs:\s+1\n1000$/);
    });

    it('passes on the environment that it is given and nothing of the agent', async () => {
      process.env.BACKLOT_TEST_SECRET = 'token';
      try {
        const { out } = await inside('env', { env: { GREETING: '你好' } });
        expect(out).toContain('GREETING=你好');
        expect(out).not.toContain('BACKLOT_TEST_SECRET');
      } finally {
        delete process.env.BACKLOT_TEST_SECRET;
      }
    });

    it('ends with everything in it when its time is over', async () => {
      const run = createRunCommand({ ...parts, sandbox });
      const script = 'setsid sleep 60 & setsid sleep 61 & echo; wait';
      const result = await run(['/bin/sh', '-c', script], {
        timeoutMs: 500,
        sandbox: { network: 'none', workDir: work },
      });
      expect(result.timedOut).toBe(true);
      const left = (await parts.table.list()).filter(
        ({ state, pid }) => state !== 'zombie' && pid > process.pid,
      );
      expect(await parts.table.withMark(left, 'BACKLOT_NODE', 'test')).toEqual([]);
    });
  },
);

describe('a machine without a sandbox', () => {
  it('says why, and runs nothing that asked for one', async () => {
    const none = await openSandbox({
      run: createRunCommand(parts),
      clock: systemClock,
      scratch: folder,
      searchPath: '/nowhere',
    });
    expect(none.capability).toBeUndefined();
    expect(none.reason).toMatch(/bubblewrap/);
    const run = createRunCommand({ ...parts, sandbox: none });
    await expect(
      run(['/bin/true'], { timeoutMs: 1_000, sandbox: { network: 'none', workDir: work } }),
    ).rejects.toMatchObject({
      code: 'sandbox_unavailable',
    });
  });
});
