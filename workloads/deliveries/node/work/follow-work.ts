import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskState } from '@backlot/contract';
import type { WatchContext } from '@backlot/node/workload';
import { REACHABLE_FACT, UNREACHABLE_FACT } from '../../contract.ts';
import { orderLine } from './orders.ts';
import { files, WorkResult, WorkWord } from './request.ts';
import type { TargetParameters } from './start-work.ts';

const watchMs = 700;
/** A program that could not be told how the disk stands, as one of an older version can't, is told again after so long. */
const tellAgainMs = 60_000;
/** What an agent that comes back reads of what was said before it. Words are numbered, so nothing counts twice. */
const tailBytes = 32 * 1024;

/** Passes on what the program says (progress for people, facts about the target), and tells it how the disk stands. */
export async function followWork(context: WatchContext<TargetParameters>): Promise<void> {
  const { clock, signal, log } = context;
  let from = Math.max(0, (await context.logEnd('stdout').catch(() => 0)) - tailBytes);
  let rest = '';
  const tellDisk = diskTeller(context);
  for (;;) {
    // Once more after the end: its last words may be why it has ended.
    const last = signal.aborted;
    for (;;) {
      const part = await context.readLog('stdout', from).catch(() => undefined);
      if (!part || part.next === from) break;
      from = part.next;
      const lines = (rest + part.text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        await pass(context, line).catch((error: unknown) =>
          log.warn({ err: error }, 'a word was not passed on'),
        );
    }
    if (last) return;
    await tellDisk();
    await clock.sleep(watchMs, signal).catch(() => undefined);
  }
}

/** Tells a change once; an agent that comes back says it first, since it does not know what was told. */
function diskTeller({ disk, input, clock }: WatchContext<TargetParameters>): () => Promise<void> {
  let told: DiskState | undefined;
  let notBefore = Number.NEGATIVE_INFINITY;
  return async () => {
    const state = disk();
    if (state === told || clock.monotonic() < notBefore) return;
    try {
      await input(orderLine({ t: 'disk', state }));
      told = state;
    } catch {
      notBefore = clock.monotonic() + tellAgainMs;
    }
  };
}

async function pass(context: WatchContext<TargetParameters>, line: string): Promise<void> {
  const word = parse(line);
  if (!word) return;
  if (word.t === 'progress') {
    const { t: _kind, ...detail } = word;
    context.progress({
      ...(word.total > 0 ? { fraction: Math.min(1, word.done / word.total) } : {}),
      detail,
    });
    return;
  }
  const { secrets, target } = context.parameters;
  if (!secrets || 'missing' in secrets) return;
  const about = { targetId: secrets.target.id, target };
  const { t, n, ...more } = word;
  await context.report({
    events: [
      {
        key: `${t}-${n}`,
        kind: t === 'unreachable' ? UNREACHABLE_FACT : REACHABLE_FACT,
        at: new Date(context.clock.now()).toISOString(),
        body: { ...about, ...more },
      },
    ],
  });
}

function parse(line: string): WorkWord | undefined {
  try {
    return WorkWord.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

/** How the program has ended, by its own account; undefined when it was cut off before it could say. */
export async function resultOf(workDir: string): Promise<WorkResult | undefined> {
  const text = await readFile(join(workDir, files.result), 'utf8').catch(() => undefined);
  try {
    return text === undefined ? undefined : WorkResult.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
