import { systemClock } from '@backlot/contract/clock';
import type { CommandResult, ExitFacts } from '@backlot/node/workload';
import { describe, expect, it } from 'vitest';
import { factsLine, readFacts } from './facts-line.ts';
import { judgeExit } from './judge-exit.ts';
import { parseProcessMonitor, VideoMemory } from './video-memory.ts';
import { coresInUse } from './watch-instance.ts';

const judge = (exit: Partial<ExitFacts>, logs: { stdout?: string; stderr?: string } = {}) =>
  judgeExit({
    exit: { code: null, signal: null, cause: 'exited', usage: { wallMs: 60_000 }, ...exit },
    parameters: { app: 'game', version: 2 },
    memory: 1024 ** 3,
    stdout: '',
    stderr: '',
    ...logs,
  });

describe('the end of an application', () => {
  it('with code 0 is its own business', () => {
    expect(judge({ code: 0, usage: { wallMs: 5, peakMemory: 7 } })).toEqual({
      outcome: 'ok',
      result: { exitCode: 0, uptimeMs: 5, peakMemory: 7 },
    });
  });

  it.each([
    [{ code: 3, usage: { wallMs: 1_200 } }, 'crash', 'streams.exited_early', { code: 3, seconds: 1 }],
    [{ code: 3 }, 'crash', 'streams.exited', { code: 3 }],
    [{ signal: 'SIGSEGV' }, 'crash', 'streams.killed', { signal: 'SIGSEGV' }],
    [
      { signal: 'SIGKILL', cause: 'oom', usage: { wallMs: 1, peakMemory: 2 * 1024 ** 3 } },
      'memory',
      'streams.memory',
      { used: 2_048, limit: 1_024 },
    ],
    [{ cause: 'timeout', signal: 'SIGKILL' }, 'stall', 'streams.stalled', {}],
  ] as const)('%j is a failure of its own kind', (exit, failureClass, code, params) => {
    expect(judge(exit)).toMatchObject({
      outcome: 'failed',
      failure: { class: failureClass, reason: { code, params } },
    });
  });

  it('shows the end of its log, without the facts that it told', () => {
    const excerpt = (stdout: string, stderr: string) => {
      const judged = judge({ code: 1 }, { stdout, stderr });
      return judged.outcome === 'failed' ? judged.failure.excerpt : undefined;
    };
    expect(excerpt(`loading\n${factsLine({ sessions: 1 })}no map\n`, '')).toBe('loading\nno map');
    expect(excerpt('loading\n', 'Fatal error\n')).toBe('loading\nFatal error');
    expect(excerpt('', '')).toBeUndefined();
    expect(excerpt('x'.repeat(9_000), 'y'.repeat(9_000))?.length).toBeLessThanOrEqual(4_096);
  });
});

describe('what an application says of itself', () => {
  it.each([
    [factsLine({ sessions: 2, resets: 1 }), { sessions: 2 }],
    [`noise\n${factsLine({ sessions: 1 })}${factsLine({ sessions: 5 })}more`, { sessions: 5 }],
    ['@backlot {"sessions":', {}],
    ['@backlot {"sessions":-1}\n@backlot {"sessions":"3"}\n@backlot null\n', {}],
    ['x @backlot {"sessions":1}\n', {}],
  ])('%j', (text, facts) => {
    expect(readFacts(text)).toEqual(facts);
  });
});

describe('video memory by process', () => {
  it.each([
    [
      'driver 535',
      `# gpu        pid  type    fb   command
# Idx          #   C/G    MB   name
    0       1234     G   512   UnrealGame
    0       1240     C   100   python
    1       1234     G    10   UnrealGame
    1          -     -     -   -
`,
      [
        [1_234, 522],
        [1_240, 100],
      ],
    ],
    [
      'driver 550 and later, with a column more',
      `# gpu         pid   type     fb   ccpm    command
# Idx           #    C/G     MB     MB    name
    0      20000     C+G    700      0    Game
    1          -     -      -      -    -
`,
      [[20_000, 700]],
    ],
    ['no GPU', 'No devices were found\n', []],
    ['nothing measured', '# gpu pid type fb command\n 0 77 C - x\n', []],
  ] as const)('%s', (_name, output, expected) => {
    expect([...parseProcessMonitor(output)]).toEqual(expected.map(([pid, mb]) => [pid, mb * 1024 * 1024]));
  });
});

it('one look at the GPUs serves all instances for a while; a machine that can’t look says null', async () => {
  let looks = 0;
  let now = 0;
  const clock = { ...systemClock, monotonic: () => now };
  const answer = (stdout: string, code: number): CommandResult => ({
    code,
    signal: null,
    stdout: Buffer.from(stdout),
    stderr: Buffer.alloc(0),
    timedOut: false,
  });
  const run = async () => {
    looks += 1;
    return answer('# gpu pid type fb command\n 0 7 G 5 a\n 0 8 G 6 b\n', 0);
  };
  const memory = new VideoMemory();
  const mb = 1024 * 1024;
  expect(await Promise.all([memory.of(run, clock, [7]), memory.of(run, clock, [7, 8, 9])])).toEqual([
    5 * mb,
    11 * mb,
  ]);
  expect(looks).toBe(1);
  now = 3_000;
  await memory.of(run, clock, []);
  expect(looks).toBe(2);
  expect(await new VideoMemory().of(async () => answer('', 9), clock, [7])).toBeNull();
  expect(await new VideoMemory().of(() => Promise.reject(new Error('none')), clock, [7])).toBeNull();
});

it('counts cores between two looks', () => {
  const at = (wallMs: number, cpuMs?: number) => ({ wallMs, cpuMs, pids: [], frozen: false });
  expect(coresInUse(at(2_000, 1_500), at(1_000, 500))).toBe(1);
  expect(coresInUse(at(2_000, 1_500), undefined)).toBeNull();
  expect(coresInUse(at(2_000), at(1_000, 500))).toBeNull();
  expect(coresInUse(at(1_000, 600), at(1_000, 500))).toBeNull();
});
