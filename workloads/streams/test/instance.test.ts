import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TaskFailure } from '@backlot/node/workload';
import { PNG } from 'pngjs';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DEMO_PROGRAM,
  type InstanceParametersInput,
  type ResetAnswer,
  ThumbnailAnswer,
} from '../contract.ts';
import { frameNumberOf } from '../testing/headless-player.ts';
import { type InstanceHouse, openInstanceHouse } from '../testing/run-instance.ts';
import { openSmallSignalling, type SmallSignalling } from '../testing/small-signalling.ts';

/** Instances as an agent runs them: a real runner, the real demo application, resets and pictures over real WebRTC. */
const patience = { timeout: 60_000, interval: 30 };
let house: InstanceHouse;
let signalling: SmallSignalling;
beforeAll(async () => {
  house = await openInstanceHouse();
});
afterAll(() => house.close());
const signallings: SmallSignalling[] = [];
afterEach(async () => {
  for (const open of signallings.splice(0)) await open.close();
});

const demoArguments = [
  ...['--url', '{signallingUrl}', '--id', '{instanceId}', '--port', '{port}', '--stdin'],
  ...['--width', '{width}', '--height', '{height}', '--fps', '{fps}'],
];
async function startDemo(more: Partial<InstanceParametersInput> = {}) {
  signalling = await openSmallSignalling();
  signallings.push(signalling);
  const instance = await house.start({
    launch: { argv: [DEMO_PROGRAM, ...demoArguments], env: {} },
    signallingBase: signalling.streamerUrl.replace('/a-ticket', ''),
    // Standard input stays open with the process, which the demo ends with.
    more: { reset: { kind: 'stdin', line: 'reset', acknowledge: 'done: reset' }, ...more },
  });
  await vi.waitFor(() => expect(signalling.streamerConnected).toBe(true), patience);
  return instance;
}
const node = (script: string) => ({
  argv: [process.execPath, '-e', script] as [string, string, string],
  env: {},
});
const reset = { playerUrl: '', deadlineMs: 10_000 };

describe('an instance', () => {
  it('connects with its ticket, is measured, and says how many it plays to, also to a new agent', async () => {
    const instance = await startDemo();
    await vi.waitFor(() => expect(instance.facts.at(-1)).toMatchObject({ sessions: 0 }), patience);
    expect(instance.facts.at(-1)).toMatchObject({ vram: null, processes: 1, pid: expect.any(Number) });
    expect(instance.facts.at(-1)?.memory).toBeGreaterThan(20e6);
    await vi.waitFor(() => expect(instance.facts.at(-1)?.cpu).toBeGreaterThanOrEqual(0), patience);
    instance.adopt();
    const before = instance.facts.length;
    await vi.waitFor(() => expect(instance.facts.length).toBeGreaterThan(before + 1), patience);
    expect(instance.facts.at(-1)).toMatchObject({ sessions: 0 });
    expect(await instance.call('streams.facts')).toMatchObject({ sessions: 0, processes: 1 });
    expect(signalling.heard).toContainEqual(
      expect.objectContaining({ type: 'endpointId', id: instance.instanceId }),
    );
    expect(await instance.stop()).toMatchObject({ outcome: 'ok' });
  });

  it('gives a picture of its stream', async () => {
    const instance = await startDemo();
    const answer = ThumbnailAnswer.parse(
      await instance.call('streams.thumbnail', { playerUrl: signalling.playerUrl, width: 256 }),
    );
    expect(answer).toMatchObject({ mediaType: 'image/png', width: 256, height: 144 });
    const png = PNG.sync.read(Buffer.from(answer.data, 'base64'));
    const luma = Uint8Array.from({ length: 256 * 144 }, (_, i) => png.data[i * 4 + 1] ?? 0);
    // The demo's number is in it: the right picture, the right way up, in the right colours.
    expect(frameNumberOf({ width: 256, height: 144, data: luma })).toBeGreaterThan(0);
    const nobody = { playerUrl: 'ws://127.0.0.1:9/x', width: 256 };
    const [first, second, third] = await Promise.allSettled(
      [1, 2, 3].map(() => instance.call('streams.thumbnail', nobody)),
    );
    const refused = { status: 'rejected', reason: { message: expect.stringMatching(/no_connection/) } };
    expect([first, second]).toMatchObject([refused, refused]);
    // Two at a time on a machine.
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'thumbnails_busy' } });
  });
});

describe('a reset', () => {
  const message = {
    kind: 'message',
    payload: { demo: 'reset' },
    acknowledge: '"demo":"reset"',
    deadlineMs: 10_000,
  } as const;
  const http = { kind: 'http', url: 'http://127.0.0.1:{port}/reset', deadlineMs: 10_000 } as const;

  it.each([
    ['by a message over the data channel', message, 'message'],
    ['by a command over the data channel', { ...message, type: 'command' }, 'message'],
    ['by a request to its port', http, 'http'],
    [
      'by a line on its standard input',
      { kind: 'stdin', line: 'reset', acknowledge: 'done: reset', deadlineMs: 10_000 },
      'stdin',
    ],
  ] as const)('%s is acknowledged', async (_name, hook, via) => {
    const pipe = hook.kind === 'stdin' ? {} : { launch: withoutStdin };
    const instance = await startDemo({ reset: hook, ...pipe });
    const playerUrl = signalling.playerUrl;
    expect(await instance.call('streams.reset', { ...reset, playerUrl })).toMatchObject({ ok: true, via });
    // What it prints comes by a way of its own.
    await vi.waitFor(async () => expect(await instance.log()).toContain('told to reset'), patience);
  });

  it.each([
    [
      'nobody acknowledges it',
      { ...message, payload: { demo: 'nonsense' }, deadlineMs: 3_000 },
      'streams.reset.no_answer',
    ],
    ['its hook refuses', { ...http, url: 'http://127.0.0.1:{port}/nonsense' }, 'streams.reset.status'],
    ['nobody listens', { ...http, url: 'http://127.0.0.1:9/reset' }, 'streams.reset.unreachable'],
    [
      'its input says nothing',
      { kind: 'stdin', line: 'nonsense', acknowledge: 'done', deadlineMs: 500 },
      'streams.reset.no_answer',
    ],
    ['there is no hook', { kind: 'none' }, 'streams.reset.none'],
  ] as const)('fails in words when %s', async (_name, hook, code) => {
    const pipe = hook.kind === 'stdin' ? {} : { launch: withoutStdin };
    const instance = await startDemo({ reset: hook, ...pipe });
    const answer = (await instance.call('streams.reset', {
      ...reset,
      playerUrl: signalling.playerUrl,
    })) as ResetAnswer;
    expect(answer).toMatchObject({ ok: false, reason: { code } });
    expect(await instance.log()).not.toContain('told to reset');
  });

  it('fails in words when the application hangs or is not where the ticket leads', async () => {
    const instance = await startDemo({ reset: { ...message, deadlineMs: 1_500 }, launch: withoutStdin });
    const { port } = JSON.parse(await readFile(join(instance.workDir, '.backlot-instance.json'), 'utf8')) as {
      port: number;
    };
    expect(await instance.call('streams.reset', { ...reset, playerUrl: 'ws://127.0.0.1:9/x' })).toMatchObject(
      { ok: false, reason: { code: 'streams.reset.no_connection' } },
    );
    await fetch(`http://127.0.0.1:${port}/hang`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      signal: AbortSignal.timeout(300),
    }).catch(() => undefined);
    expect(await instance.call('streams.reset', { ...reset, playerUrl: signalling.playerUrl })).toMatchObject(
      { ok: false, reason: { code: 'streams.reset.no_connection' } },
    );
  });
});

const withoutStdin = {
  argv: [DEMO_PROGRAM, ...demoArguments.filter((argument) => argument !== '--stdin')] as [
    string,
    ...string[],
  ],
  env: {},
};

describe('what goes wrong', () => {
  it.each([
    [{ argv: ['/no/such/game'], env: {} }, 'streams.program_missing'],
    [{ argv: ['Binaries/game'], env: {}, cwd: '/' }, 'streams.program_missing'],
    [{ argv: ['game'], env: {}, cwd: '/no/such/folder' }, 'streams.folder_missing'],
  ] as const)('%j is the machine’s lack: another one may have it', async (launch, code) => {
    const failure = await house
      .start({ launch: { ...launch, argv: [...launch.argv] } })
      .catch((error: unknown) => (error instanceof TaskFailure ? error.failure : error));
    expect(failure).toMatchObject({ class: 'capability', reason: { code } });
  });

  it('is said to be no launch for this platform', async () => {
    const failure = await house
      .start({ launch: node(''), more: { platforms: { linux: null, windows: null, macos: null } } })
      .catch((error: unknown) => (error instanceof TaskFailure ? error.failure : error));
    expect(failure).toMatchObject({ class: 'capability', reason: { code: 'streams.platform_unsupported' } });
  });

  it('is a failure with the end of the log when it ends too soon', async () => {
    const instance = await house.start({
      launch: node("console.error('Fatal: no map'); process.exitCode = 4"),
    });
    expect(await instance.ended()).toMatchObject({
      outcome: 'failed',
      failure: { class: 'crash', reason: { code: 'streams.exited_early' }, excerpt: 'Fatal: no map' },
    });
  });

  it('is an application that takes more memory, or more processes, than it may', async () => {
    const greedy = await house.start({
      launch: node('const kept = Buffer.alloc(150e6, 1); setInterval(() => kept.length, 1e3)'),
      more: { watch: { everyMs: 200, memoryLimit: 100e6 } },
    });
    expect(await greedy.refused).toMatchObject({
      failure: { class: 'memory', reason: { code: 'streams.memory' } },
    });
    const many = await house.start({
      launch: node(
        "for (let i = 0; i < 4; i += 1) require('node:child_process').spawn('sleep', ['300']); setInterval(() => {}, 1e3)",
      ),
      more: { watch: { everyMs: 200, processLimit: 3 } },
    });
    expect(await many.refused).toMatchObject({ failure: { reason: { code: 'streams.processes' } } });
    const pids = (await many.call('streams.facts')) as { processes: number };
    expect(pids.processes).toBe(5);
  });
});
