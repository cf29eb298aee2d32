import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExitFile } from '@backlot/contract/runner/files';
import type { Driver, DriverHandle, StartSpec } from '@backlot/node/drivers/driver';
import { readLog } from '@backlot/node/logs/log-reader';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';

/** What a driver under test brings along. */
export interface DriverUnderTest {
  readonly driver: Driver;
  /** A second instance that knows nothing of the first: the driver of an agent that was started anew. */
  restarted(): Promise<Driver>;
  close(): Promise<void>;
}

/** Generous, because the machine of a test may be busy; nothing here waits that long when all is well. */
const patienceMs = 30_000;

/**
 * What every driver must do, whatever it runs processes in. Commands are POSIX shell scripts, so a container needs
 * `/bin/sh`, `sleep` and `head` and nothing else.
 */
export function describeDriverContract(name: string, open: () => Promise<DriverUnderTest>): void {
  describe(`driver contract: ${name}`, () => {
    const base = mkdtempSync(join(tmpdir(), 'backlot-driver-'));
    const started: DriverHandle[] = [];
    let under: DriverUnderTest;
    let driver: Driver;

    beforeAll(async () => {
      under = await open();
      driver = under.driver;
    });
    afterEach(async () => {
      for (const handle of started.splice(0)) {
        await driver.stop(handle, 0);
        if ((await driver.recover(handle)) !== 'never-started') await end(handle);
        await driver.destroy(handle);
      }
    });
    afterAll(async () => {
      await under?.close();
      rmSync(base, { recursive: true, force: true });
    });

    function prepare(script: string, more: Partial<StartSpec> = {}): { spec: StartSpec; folder: string } {
      const id = randomUUID();
      const folder = join(base, id);
      const workDir = join(folder, 'work');
      mkdirSync(workDir, { recursive: true });
      const spec: StartSpec = {
        id,
        launch: { argv: ['/bin/sh', '-c', script] },
        workDir,
        readOnly: [],
        ...more,
        limits: { stopGraceMs: 2_000, ...more.limits },
      };
      return { spec, folder };
    }
    async function start(script: string, more: Partial<StartSpec> = {}): Promise<DriverHandle> {
      const { spec, folder } = prepare(script, more);
      const handle = await driver.start(spec, folder);
      started.push(handle);
      return handle;
    }
    const end = (handle: DriverHandle): Promise<ExitFile> =>
      driver.wait(handle, AbortSignal.timeout(patienceMs));
    const output = async (handle: DriverHandle, stream: 'stdout' | 'stderr' = 'stdout') =>
      (await readLog(join(handle.folder, 'logs'), stream, 0, 1_000_000)).bytes;
    const said = async (handle: DriverHandle, word: string) => {
      await expect
        .poll(async () => (await output(handle)).toString(), { timeout: patienceMs, interval: 20 })
        .toContain(word);
    };

    it('tells the exit code and keeps both streams byte for byte', async () => {
      const handle = await start("printf 'a\\377\\000b'; printf oops >&2; exit 7");
      expect(await end(handle)).toMatchObject({
        cause: 'exited',
        code: 7,
        signal: null,
        output: { stdout: 4, stderr: 4 },
      });
      expect([...(await output(handle))]).toEqual([97, 255, 0, 98]);
      expect((await output(handle, 'stderr')).toString()).toBe('oops');
    });

    it('tells the signal that ended the process', async () => {
      expect(await end(await start('kill -SEGV $$; sleep 60'))).toMatchObject({
        cause: 'exited',
        code: null,
        signal: 'SIGSEGV',
      });
    });

    it('gives arguments as they are, whatever they hold', async () => {
      const nasty = ['; rm -rf /', '$(id)', 'a\'b"c', '../..', '', 'two\nlines', '你好', '-n', '--'];
      const handle = await start('', {
        launch: { argv: ['/bin/sh', '-c', 'for a do printf "%s\\0" "$a"; done', 'sh', ...nasty] },
      });
      await end(handle);
      expect((await output(handle)).toString().split('\0').slice(0, -1)).toEqual(nasty);
    });

    it('gives the environment of the task and nothing of the agent', async () => {
      process.env.BACKLOT_CONTRACT_SECRET = 'secret';
      const handle = await start('env; pwd', {
        launch: { argv: ['/bin/sh', '-c', 'env; pwd'], env: { GREETING: 'a b=c' } },
      });
      delete process.env.BACKLOT_CONTRACT_SECRET;
      await end(handle);
      const text = (await output(handle)).toString();
      expect(text).toContain('GREETING=a b=c\n');
      expect(text).toContain(`BACKLOT_ALLOCATION=${handle.id}\n`);
      expect(text).not.toContain('SECRET');
      expect(text).toContain(join(handle.folder, 'work'));
    });

    it('refuses a program that is not there', async () => {
      const { spec, folder } = prepare('', { launch: { argv: ['/no/such/program'] } });
      await expect(driver.start(spec, folder)).rejects.toMatchObject({ code: 'program_not_found' });
      expect(await driver.recover(driver.handleOf(spec.id, folder))).toBe('never-started');
    });

    it('tells a program that can not be executed from one that failed', async () => {
      const { spec, folder } = prepare('');
      const program = join(spec.workDir, 'program');
      writeFileSync(program, '#!/no/such/interpreter\n', { mode: 0o755 });
      const handle = await driver.start({ ...spec, launch: { argv: [program] } }, folder);
      started.push(handle);
      const exit = await end(handle);
      expect(exit.cause).toBe('spawn-failed');
      expect(exit.message).toBeTruthy();
    });

    it('stops by asking', async () => {
      const handle = await start('trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done');
      await said(handle, 'up');
      await driver.stop(handle, 20_000);
      expect(await end(handle)).toMatchObject({ cause: 'stopped', code: 3 });
      expect((await output(handle)).toString()).toContain('bye');
    });

    it('kills what does not listen, with everything it has started', async () => {
      const handle = await start(
        'trap "" TERM; (trap "" TERM; setsid sleep 300) & echo up; while :; do sleep 0.05; done',
      );
      await said(handle, 'up');
      await driver.stop(handle, 200);
      expect(await end(handle)).toMatchObject({ cause: 'stopped', signal: 'SIGKILL' });
    });

    it('ends what outlives the process', async () => {
      const exit = await end(await start('setsid sleep 300 & setsid sh -c "setsid sleep 300 &" ; exit 0'));
      expect(exit).toMatchObject({ cause: 'exited', code: 0 });
      expect(exit.leftBehind).toBeGreaterThanOrEqual(1);
    });

    it('limits wall-clock time', async () => {
      const exit = await end(
        await start('while :; do echo busy; sleep 0.05; done', { limits: { stopGraceMs: 500, wallMs: 400 } }),
      );
      expect(exit.cause).toBe('timeout');
      expect(exit.usage.wallMs).toBeGreaterThanOrEqual(400);
    });

    it('limits silence, and hears output and words of progress', async () => {
      const limits = { stopGraceMs: 500, silenceMs: 1_000 };
      const silent = await start('sleep 300', { limits });
      const talking = await start('for i in 1 2 3 4 5 6; do echo $i; sleep 0.3; done', { limits });
      const told = await start('sleep 1.8', { limits });
      const tell = setInterval(() => void driver.touch(told).catch(() => {}), 200);
      expect((await end(silent)).cause).toBe('silence');
      expect(await end(talking)).toMatchObject({ cause: 'exited', code: 0 });
      expect(await end(told)).toMatchObject({ cause: 'exited', code: 0 });
      clearInterval(tell);
    });

    it('freezes so that nothing moves, thaws, and counts no limit of time meanwhile', async (context) => {
      if (!driver.features.freeze) return context.skip();
      const limits = { stopGraceMs: 500, wallMs: 6_000, silenceMs: 1_000 };
      const handle = await start(
        '(while :; do echo x; sleep 0.02; done) & while :; do echo y; sleep 0.02; done',
        { limits },
      );
      await said(handle, 'y');
      await driver.freeze(handle);
      await driver.freeze(handle);
      const before = (await driver.stats(handle)).stdout;
      // What was in the pipe already may still arrive.
      await new Promise((resolve) => setTimeout(resolve, 100));
      const settled = (await driver.stats(handle)).stdout;
      expect(settled - before).toBeLessThan(64 * 1024);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const stats = await driver.stats(handle);
      expect(stats).toMatchObject({ state: 'frozen', stdout: settled });
      expect(stats.frozenMs).toBeGreaterThan(1_500);
      await driver.thaw(handle);
      expect((await driver.stats(handle)).state).toBe('running');
      await expect
        .poll(async () => (await driver.stats(handle)).stdout, { timeout: patienceMs })
        .toBeGreaterThan(settled);
    });

    it('stops what is frozen, with its grace', async (context) => {
      if (!driver.features.freeze) return context.skip();
      const handle = await start('trap "exit 5" TERM; echo up; while :; do sleep 0.05; done');
      await said(handle, 'up');
      await driver.freeze(handle);
      await driver.stop(handle, 20_000);
      expect(await end(handle)).toMatchObject({ cause: 'stopped', code: 5 });
    });

    it('limits memory, and says that this was the cause', async (context) => {
      if (!driver.features.memoryLimit) return context.skip();
      const limits = { stopGraceMs: 500, memory: 48 * 1024 * 1024 };
      // A shell that must hold 200 MB in a variable.
      const exit = await end(
        await start('x="$(head -c 200000000 /dev/zero | tr "\\0" x)"; test -n "$x"', { limits }),
      );
      expect(exit.cause).toBe('oom');
      expect(exit.oomKills).toBeGreaterThan(0);
      expect(exit.usage.peakMemory).toBeGreaterThan(30 * 1024 * 1024);
    });

    it('limits processes', async (context) => {
      if (!driver.features.pidsLimit) return context.skip();
      const limits = { stopGraceMs: 500, pids: 30, wallMs: 1_500 };
      const exit = await end(await start('bomb() { bomb | bomb & }; bomb; sleep 300', { limits }));
      expect(['timeout', 'exited']).toContain(exit.cause);
      expect(exit.leftBehind).toBeLessThanOrEqual(30);
    });

    it('goes on without its agent, and is found by the next one', async () => {
      const handle = await start('echo up; while [ ! -e go ]; do sleep 0.05; done; exit 9');
      await said(handle, 'up');
      const next = await under.restarted();
      const found = next.handleOf(handle.id, handle.folder);
      expect(found).toEqual(JSON.parse(JSON.stringify(handle)));
      expect(await next.recover(found)).toBe('running');
      const waiting = next.wait(found, AbortSignal.timeout(patienceMs));
      writeFileSync(join(handle.folder, 'work', 'go'), '');
      expect(await waiting).toMatchObject({ cause: 'exited', code: 9 });
      expect(await next.recover(found)).toBe('ended');
    });

    it('starts nothing twice in the same folder', async () => {
      const { spec, folder } = prepare('echo started >> ran; sleep 0.5');
      const first = await driver.start(spec, folder);
      started.push(first);
      const next = await under.restarted();
      expect(await next.start(spec, folder)).toEqual(first);
      await end(first);
      await next.start(spec, folder);
      expect(readFileSync(join(spec.workDir, 'ran'), 'utf8')).toBe('started\n');
    });

    it('tells the same end to everyone and as often as asked', async () => {
      const handle = await start('sleep 0.2; exit 4');
      const ends = await Promise.all([end(handle), end(handle)]);
      expect([...ends, await end(handle)].map(({ code, endedAt }) => ({ code, endedAt }))).toEqual(
        Array(3).fill({ code: 4, endedAt: ends[0]?.endedAt }),
      );
    });

    it('tells what the whole tree uses now', async () => {
      const handle = await start('sleep 300 & sleep 300 & echo up; wait');
      await said(handle, 'up');
      const stats = await vi.waitFor(
        async () => {
          const now = await driver.stats(handle);
          expect(now.pids?.length).toBe(3);
          return now;
        },
        { timeout: patienceMs, interval: 50 },
      );
      expect(stats.pids?.[0]).toBe(stats.child?.pid);
      expect(stats.memory).toBeGreaterThan(0);
    });

    it('writes to a standard input that was asked for', async () => {
      const handle = await start('read line; echo "heard $line"', { stdin: 'pipe' });
      await driver.input(handle, 'hello\n');
      await end(handle);
      expect((await output(handle)).toString()).toBe('heard hello\n');
    });

    it('ends by its own way of being asked', async () => {
      const handle = await start('read line; exit 6', {
        stdin: 'pipe',
        stop: { signal: 'SIGINT', input: 'q\n' },
      });
      await driver.stop(handle, 20_000);
      const exit = await end(handle);
      expect(exit.cause).toBe('stopped');
      expect(exit.code === 6 || exit.signal === 'SIGINT').toBe(true);
    });

    it('stops waiting when told so, and the work goes on', async () => {
      const handle = await start('echo up; sleep 300');
      const abort = new AbortController();
      const waiting = driver.wait(handle, abort.signal);
      setTimeout(() => abort.abort(new Error('agent ends')), 50);
      await expect(waiting).rejects.toThrow('agent ends');
      expect(await driver.recover(handle)).toBe('running');
    });

    it('runs in a sandbox that shows its own folder, and nothing else that is writable', async (context) => {
      if (!driver.features.sandbox) return context.skip();
      const { spec, folder } = prepare('');
      const inputs = join(folder, 'inputs');
      mkdirSync(inputs);
      writeFileSync(join(inputs, 'model'), 'model');
      const script =
        'cat ../inputs/model; echo made > made; echo x > ../inputs/model; echo x > ../x; ls /etc/passwd; exit 12';
      const handle = await driver.start(
        {
          ...spec,
          readOnly: [inputs],
          launch: { argv: ['/bin/sh', '-c', script], sandbox: { network: 'none' } },
        },
        folder,
      );
      started.push(handle);
      expect(await end(handle)).toMatchObject({ cause: 'exited', code: 12 });
      expect((await output(handle)).toString()).toBe('model');
      expect(readFileSync(join(inputs, 'model'), 'utf8')).toBe('model');
      expect(existsSync(join(spec.workDir, 'made'))).toBe(true);
      expect(existsSync(join(folder, 'x'))).toBe(false);
    });

    it('asks and kills inside the sandbox as outside', async (context) => {
      if (!driver.features.sandbox) return context.skip();
      const sandbox = { network: 'none' } as const;
      const polite = await start('', {
        launch: {
          argv: ['/bin/sh', '-c', 'trap "exit 3" TERM; echo up; while :; do sleep 0.05; done'],
          sandbox,
        },
      });
      await said(polite, 'up');
      await driver.stop(polite, 20_000);
      expect(await end(polite)).toMatchObject({ cause: 'stopped', code: 3 });
      const stubborn = await start('', {
        launch: { argv: ['/bin/sh', '-c', 'trap "" TERM; echo up; while :; do sleep 0.05; done'], sandbox },
      });
      await said(stubborn, 'up');
      await driver.stop(stubborn, 100);
      expect(await end(stubborn)).toMatchObject({ cause: 'stopped', signal: 'SIGKILL' });
    });
  });
}
