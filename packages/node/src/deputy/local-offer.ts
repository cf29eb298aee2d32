import { createHash } from 'node:crypto';
import type { Offer } from '@backlot/contract';
import type { OpenStep } from './local-plan.ts';
import type { RunFacts, StepFacts } from './run-facts.ts';

/** Nobody takes work back from a node that is alone: the number needs not grow. */
const fence = 1;
/** Local offers are answered at once; this is for the schema. */
const deadlineMs = 60_000;

/**
 * The offer of an attempt, as the control plane would have made it. It can be made again after a crash: the same
 * allocation gets the same offer. Undefined when the step has nothing to offer.
 */
export function localOffer(
  facts: RunFacts,
  open: OpenStep,
  allocation: string,
  attempt: number,
  before: StepFacts | undefined,
): Offer | undefined {
  const { step, draft } = open;
  if (!draft) return undefined;
  const secrets = secretsOf(facts, open);
  return {
    allocation,
    fence,
    task: idOf(facts.run, step),
    job: facts.run,
    project: facts.bundle.projectId,
    kind: draft.kind,
    class: 'batch',
    parameters: secrets === undefined ? draft.parameters : { ...draft.parameters, secrets },
    resources: { ...draft.resources, gpus: [] },
    inputs: draft.inputs,
    limits: draft.limits,
    host: null,
    attempt,
    committed: before?.outputs.map((output) => output.name) ?? [],
    // It opens nothing: a local allocation has no business with the control plane.
    token: 'alone',
    deadlineMs,
  };
}

/** Whether a step can't run here because what it opens things with is nowhere in the bundle. */
export function lacksSecrets(facts: Pick<RunFacts, 'bundle'>, open: OpenStep): boolean {
  return isMissing(secretsOf(facts, open));
}

/**
 * The secrets of a step were made before anything had flowed into it. Where they are missing because its target only comes
 * with a value, another step of the flow has them: that which has sent the value.
 */
function secretsOf({ bundle }: Pick<RunFacts, 'bundle'>, { name, draft }: OpenStep): Secrets | undefined {
  const own = bundle.secrets[name];
  const wanted = draft?.parameters.target;
  if (!isMissing(own) || typeof wanted !== 'string') return own;
  return Object.values(bundle.secrets).find(({ target }) => isNamed(target, wanted)) ?? own;
}

type Secrets = RunFacts['bundle']['secrets'][string];

function isMissing(secrets: Secrets | undefined): boolean {
  return secrets !== undefined && typeof secrets.missing === 'string';
}

function isNamed(target: unknown, wanted: string): boolean {
  if (typeof target !== 'object' || target === null) return false;
  const { id, name } = target as { readonly id?: unknown; readonly name?: unknown };
  return id === wanted || name === wanted;
}

/** An id that is the same for all attempts of a step (RFC 9562, version 8). */
function idOf(run: string, step: string): string {
  const hex = createHash('sha256').update(`${run} ${step}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
