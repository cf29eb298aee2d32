import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Failure, type FailureClass, fill, type PhraseParams } from '@backlot/contract';
import type {
  ConcludeContext,
  Conclusion,
  HostedExecutor,
  NodeWorkload,
  OutputFile,
  TaskExecutor,
  WatchContext,
} from '@backlot/node/workload';
import {
  CountParameters,
  HostedParameters,
  HostedResult,
  JoinParameters,
  PartParameters,
  PlayParameters,
  RecordParameters,
  RecordResult,
  stepName,
  tinyPhrases,
} from './contract.ts';
import { tinySteps } from './steps.ts';

const processFile = fileURLToPath(new URL('./process.ts', import.meta.url));
const recorderFile = fileURLToPath(new URL('./recorder.ts', import.meta.url));
const hostFile = fileURLToPath(new URL('./host.ts', import.meta.url));

function failure(
  failureClass: FailureClass,
  code: keyof typeof tinyPhrases,
  params: PhraseParams = {},
): Failure {
  return {
    class: failureClass,
    reason: { code, params, message: fill(tinyPhrases[code], params, 'en') },
    signature: `${failureClass}:${code}`,
  };
}

/** A task that is over as soon as it is judged: its process does nothing. */
const nothing = [process.execPath, '-e', ''] as const;

const split: TaskExecutor<CountParameters> = {
  parameters: CountParameters,
  prepare: async () => ({ argv: nothing }),
  conclude: async ({ parameters }) => ({ outcome: 'ok', outputs: [], result: { parts: parameters.parts } }),
};

/** Steps whose file is there; a file appears by rename, so it is whole as soon as it has its name. */
async function finishedSteps(workDir: string): Promise<number[]> {
  const names = await readdir(join(workDir, 'out')).catch(() => []);
  return names
    .filter((name) => /^\d+\.txt$/.test(name))
    .map((name) => Number.parseInt(name, 10))
    .sort((a, b) => a - b);
}

const stepFile = (part: PartParameters, step: number): OutputFile => ({
  name: stepName(part.index, step),
  kind: 'step',
  path: `out/${step}.txt`,
  mediaType: 'text/plain',
  meta: { part: part.index, step },
});

const part: TaskExecutor<PartParameters> = {
  parameters: PartParameters,
  async prepare({ parameters, offer, workDir }) {
    const done = Array.from({ length: parameters.steps }, (_, step) => step).filter((step) =>
      offer.committed.includes(stepName(parameters.index, step)),
    );
    await writeFile(join(workDir, 'part.json'), JSON.stringify({ parameters, attempt: offer.attempt, done }));
    return { argv: [process.execPath, '--max-old-space-size=512', processFile] };
  },
  async watch(context: WatchContext<PartParameters>) {
    const committed = new Set(context.committed);
    while (!context.signal.aborted) {
      const fresh = (await finishedSteps(context.workDir)).filter(
        (step) => !committed.has(stepName(context.parameters.index, step)),
      );
      for (const step of fresh) {
        await context.commit([stepFile(context.parameters, step)]);
        committed.add(stepName(context.parameters.index, step));
        context.progress({ fraction: committed.size / context.parameters.steps, detail: { step } });
      }
      await context.clock.sleep(25, context.signal).catch(() => undefined);
    }
  },
  async conclude(context) {
    const bad = judgeExit(context);
    if (bad) return { outcome: 'failed', failure: bad };
    const { parameters, committed, workDir } = context;
    const outputs: OutputFile[] = [];
    let sum = 0;
    for (let step = 0; step < parameters.steps; step += 1) {
      sum += parameters.index * parameters.steps + step;
      if (committed.has(stepName(parameters.index, step))) continue;
      const path = join(workDir, 'out', `${step}.txt`);
      const text = existsSync(path) ? (await readFile(path, 'utf8')).trim() : '';
      if (text !== String(parameters.index * parameters.steps + step)) {
        return { outcome: 'failed', failure: failure('output', 'tiny.lied', { step }) };
      }
      outputs.push(stepFile(parameters, step));
    }
    return { outcome: 'ok', outputs, result: { sum, attempt: context.offer.attempt } };
  },
  async call({ parameters, measure, readLog }, call) {
    if (call.method === 'tiny.look') return { facts: await measure(), log: await readLog('stdout', 0) };
    const { word } = call.payload as { word?: unknown };
    return { part: parameters.index, shouted: String(word).toUpperCase() };
  },
};

function judgeExit({ exit }: ConcludeContext<PartParameters>): Failure | undefined {
  if (exit.cause === 'oom') return failure('memory', 'tiny.memory');
  if (exit.cause === 'silence' || exit.cause === 'timeout') return failure('stall', 'tiny.stalled');
  if (exit.code === 21)
    return { ...failure('missing', 'tiny.missing', { name: 'apples.txt' }), missing: ['apples.txt'] };
  if (exit.code === 22) return failure('input', 'tiny.nonsense');
  if (exit.code === 23) return failure('capability', 'tiny.incapable');
  // Neither we nor a limit sent it, and no program kills itself with it: somebody outside did.
  if (exit.signal === 'SIGKILL' || exit.code === 128 + constants.signals.SIGKILL)
    return failure('node', 'tiny.killed');
  if (exit.code !== 0)
    return failure('crash', 'tiny.crashed', { how: exit.signal ?? `exit code ${exit.code}` });
  return undefined;
}

const joinAll: TaskExecutor<{ expected: number }> = {
  parameters: JoinParameters,
  prepare: async () => ({ argv: nothing }),
  async conclude({ offer, inputsDir, workDir, parameters }): Promise<Conclusion> {
    let total = 0;
    for (const input of offer.inputs)
      total += Number.parseInt(await readFile(join(inputsDir, input.name), 'utf8'), 10);
    if (offer.inputs.length !== parameters.expected)
      return { outcome: 'failed', failure: failure('output', 'tiny.lied', { step: -1 }) };
    await writeFile(join(workDir, 'total.txt'), `${total}\n`);
    return {
      outcome: 'ok',
      outputs: [
        { name: 'total.txt', kind: 'total', path: 'total.txt', mediaType: 'text/plain', meta: { total } },
      ],
      result: { total, files: offer.inputs.length },
    };
  },
};

const hosted: HostedExecutor<{ word: string }> = {
  parameters: HostedParameters,
  host: 'tiny.host',
  prepare: async ({ parameters }) => ({ word: parameters.word }),
  conclude: async ({ hostResult }) => ({
    outcome: 'ok',
    outputs: [],
    result: HostedResult.parse(hostResult),
  }),
};

const record: HostedExecutor<{ word: string }> = {
  parameters: RecordParameters,
  host: 'tiny.recorder',
  prepare: async ({ parameters, offer }) => ({ word: parameters.word, fence: offer.fence }),
  conclude: async ({ hostResult }) => ({
    outcome: 'ok',
    outputs: [],
    result: RecordResult.parse(hostResult),
  }),
};

const play: TaskExecutor<{ expected: string }> = {
  parameters: PlayParameters,
  prepare: async () => ({ argv: nothing }),
  async conclude({ offer, inputsDir, workDir, parameters }): Promise<Conclusion> {
    const [input] = offer.inputs;
    const text = await readFile(join(inputsDir, input?.name ?? ''), 'utf8');
    await writeFile(join(workDir, 'copy.txt'), text);
    return {
      outcome: 'ok',
      outputs: [{ name: 'copy.txt', kind: 'copy', path: 'copy.txt', mediaType: 'text/plain', hold: true }],
      result: { same: text === parameters.expected },
    };
  },
};

export const tinyNode: NodeWorkload = {
  name: 'tiny',
  steps: tinySteps,
  phrases: tinyPhrases,
  probes: [
    {
      name: 'tiny',
      fingerprint: async () => [process.execPath],
      async probe({ run }) {
        const result = await run([process.execPath, '-p', '1 + 1'], { timeoutMs: 10_000 });
        if (result.stdout.toString().trim() !== '2') return [];
        return [
          {
            name: 'tiny',
            version: process.versions.node,
            features: ['count'],
            details: { path: process.execPath },
            proof: 'added one and one',
            provedAt: new Date().toISOString(),
          },
        ];
      },
    },
  ],
  executors: {
    'tiny.split': split,
    'tiny.part': part,
    'tiny.join': joinAll,
    'tiny.hosted': hosted,
    'tiny.record': record,
    'tiny.play': play,
  },
  hosts: {
    'tiny.host': {
      kind: 'tiny.host',
      launch: async () => ({ argv: [process.execPath, hostFile] }),
      recycle: { maxAllocations: 3 },
      idleMs: 30_000,
      capacity: 2,
    },
    'tiny.recorder': {
      kind: 'tiny.recorder',
      launch: async () => ({ argv: [process.execPath, recorderFile] }),
      idleMs: 1_000,
      capacity: 4,
      revive: true,
    },
  },
};
