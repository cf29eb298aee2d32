import { fileURLToPath } from 'node:url';
import { systemClock } from '@backlot/contract/clock';
import type { PartMessage } from '@backlot/contract/supervision';
import { processStartTime } from '@backlot/control/db/embedded/process-table';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { afterDeath, steadyAfterMs } from './back-off.ts';
import { Part, PartRefusedError } from './part.ts';

const fixture = fileURLToPath(new URL('./part.fixture.ts', import.meta.url));
const started: Part[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((part) => part.stop(0)));
});

function part(...behaviour: string[]) {
  const seen = {
    lines: [] as string[],
    messages: [] as PartMessage[],
    pids: [] as number[],
    deaths: [] as string[],
  };
  const made = new Part({
    name: 'fixture',
    argv: [fixture, ...behaviour],
    env: () => process.env,
    clock: systemClock,
    logPath: 'fixture.log',
    onLine: (line) => seen.lines.push(line),
    onMessage: (message) => seen.messages.push(message),
    onProcess: (pid) => pid !== undefined && seen.pids.push(pid),
    onDeath: (how) => seen.deaths.push(how),
  });
  started.push(made);
  return { part: made, seen };
}

const lives = (pid: number | undefined) => pid !== undefined && processStartTime(pid) !== undefined;

describe('a supervised part', () => {
  it('is ready when it says so, and its lines are ours', async () => {
    const { part: subject, seen } = part('ready');
    await subject.start();
    expect(seen.messages).toEqual([{ t: 'node-ready', nodeId: String(seen.pids[0]), name: 'fixture' }]);
    await vi.waitFor(() => expect(seen.lines).toEqual(['one line']), 10_000);
  });

  it('comes back after kill -9, again and again', async () => {
    const { part: subject, seen } = part('ready');
    await subject.start();
    for (let round = 1; round <= 3; round += 1) {
      process.kill(seen.pids.at(-1) ?? 0, 'SIGKILL');
      await vi.waitFor(() => expect(seen.messages).toHaveLength(round + 1), 20_000);
    }
    expect(new Set(seen.pids).size).toBe(4);
    expect(seen.deaths).toEqual(['SIGKILL', 'SIGKILL', 'SIGKILL']);
  });

  it('ends when it is asked, and does not come back', async () => {
    const { part: subject, seen } = part('ready');
    await subject.start();
    await subject.stop(10_000);
    expect(seen.pids.filter(lives)).toEqual([]);
    expect(seen.deaths).toEqual([]);
    await subject.stop(10_000);
  });

  it('is killed when it does not listen', async () => {
    const { part: subject, seen } = part('ready', 'deaf');
    await subject.start();
    await subject.stop(300);
    expect(lives(seen.pids[0])).toBe(false);
  });

  it('tells why it refuses to start, in its own sentence', async () => {
    const error = await part('refuse')
      .part.start()
      .catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(PartRefusedError);
    expect(error).toMatchObject({ code: 'port_in_use', message: 'Port 8080 is taken.', exitCode: 5 });
  });

  it('is not started over and over when it has never been ready', async () => {
    const { part: subject, seen } = part('crash');
    await expect(subject.start()).rejects.toThrow(
      /fixture ended before it was ready \(exit code 3\).*fixture\.log/s,
    );
    expect(seen.pids).toHaveLength(1);
  });

  it('learns from the end of the channel that its supervisor was killed', async () => {
    const { spawn } = await import('node:child_process');
    const supervisor = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { spawn } from 'node:child_process';
       const child = spawn(process.execPath, [${JSON.stringify(fixture)}, 'ready'], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
       child.on('message', () => process.stdout.write(child.pid + '\\n'));`,
    ]);
    const pid = await new Promise<number>((resolve) => {
      supervisor.stdout.once('data', (text) => resolve(Number(text)));
    });
    expect(lives(pid)).toBe(true);
    supervisor.kill('SIGKILL');
    await vi.waitFor(() => expect(lives(pid)).toBe(false), 10_000);
  });
});

describe('back-off', () => {
  it('starts at once after the first death, then waits longer and longer, up to a limit', () => {
    let state = { deaths: 0 };
    const pauses: number[] = [];
    for (let death = 0; death < 9; death += 1) {
      const next = afterDeath(state, 10);
      state = next.state;
      pauses.push(next.pauseMs);
    }
    expect(pauses).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
  });

  it('forgets deaths after a steady while', () => {
    expect(afterDeath({ deaths: 7 }, steadyAfterMs)).toEqual({ state: { deaths: 1 }, pauseMs: 0 });
  });
});
