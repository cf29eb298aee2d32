import {
  AloneAnswer,
  type AloneEnd,
  type AloneRun,
  type AloneStep,
  aloneMethods,
} from '@backlot/contract/deputy/messages';
import type { Logger } from 'pino';
import type { LocalRun } from './local-run.ts';
import type { RunFacts, StepFacts } from './run-facts.ts';

export interface TellerParts {
  /** Asks the control plane and gives its answer. Rejects while there is no link. */
  ask(run: string, method: string, payload: unknown): Promise<unknown>;
  readonly log: Logger;
}

/** How far the telling of a run has come. */
export type Told = 'all' | 'later' | 'unwanted';

/**
 * Tells the control plane what a run has done here, step after step in the order in which they ended. Each is told until it
 * is acknowledged, and an acknowledged one is written down; nothing is told twice but after a crash between the two.
 */
export async function tellRun(run: LocalRun, parts: TellerParts): Promise<Told> {
  for (;;) {
    const next = nextStep(run.facts);
    if (!next) break;
    const message: AloneStep = { ...nameOf(run.facts), ...wordsOf(next) };
    const answer = await ask(parts, run.facts.run, aloneMethods.step, message);
    if (answer !== 'taken') return answer;
    await run.told(next.step);
  }
  if (!run.resting) return 'later';
  const message: AloneEnd = { ...nameOf(run.facts), left: [...run.facts.left.keys()] };
  const answer = await ask(parts, run.facts.run, aloneMethods.end, message);
  if (answer !== 'taken') return answer;
  await run.ended();
  return 'all';
}

/** The step that ended first of those that have not been told. Exported for tests. */
export function nextStep({ steps }: RunFacts): StepFacts | undefined {
  return [...steps.values()]
    .filter(({ end, told }) => end && !told)
    .toSorted((one, other) => (one.end?.at ?? '').localeCompare(other.end?.at ?? ''))
    .at(0);
}

async function ask(
  { ask: send, log }: TellerParts,
  run: string,
  method: string,
  payload: unknown,
): Promise<Exclude<Told, 'all'> | 'taken'> {
  const { answer } = AloneAnswer.parse(await send(run, method, payload));
  if (answer === 'unwanted') log.info({ run }, 'the control plane does not want this run');
  return answer;
}

function nameOf({ run, key, bundle }: RunFacts): AloneRun {
  return { run, key, version: bundle.version };
}

function wordsOf(step: StepFacts): Omit<AloneStep, keyof AloneRun> {
  const { attempt, end, kind, outputs, events } = step;
  const { last } = attempt;
  return {
    step: step.step,
    kind,
    allocation: attempt.allocation,
    attempt: attempt.number,
    ...(attempt.given === undefined ? {} : { given: attempt.given }),
    outcome: end?.outcome ?? 'failed',
    outputs: [...outputs],
    facts: [...events],
    ...(last?.result === undefined ? {} : { result: last.result }),
    ...(end?.failure === undefined ? {} : { failure: end.failure }),
    ...(last?.usage === undefined ? {} : { usage: last.usage }),
    startedAt: attempt.startedAt,
    endedAt: end?.at ?? attempt.startedAt,
  };
}
