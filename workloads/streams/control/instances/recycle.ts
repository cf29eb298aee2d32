import type { PhraseParams } from '@backlot/contract';
import type { InstanceEnd, InstanceFacts, RecycleRules } from '../../contract.ts';

/** What is known of an instance when a session is over, or while it stands free. */
export interface Worn {
  readonly ageSeconds: number;
  readonly sessions: number;
  /** Null: the node has not said anything yet. */
  readonly facts: Pick<InstanceFacts, 'memory' | 'vram'> | null;
}

/** Why an instance should be replaced, with what its sentence needs. */
export interface Retirement {
  readonly why: InstanceEnd;
  readonly params: PhraseParams;
}

const megabytes = (bytes: number) => Math.round(bytes / 1024 ** 2);
const minutes = (seconds: number) => Math.round(seconds / 6) / 10;

/**
 * The first watermark that an instance has reached; nothing when it may go on. One that nobody has used yet is never too
 * large: its replacement would be just as large, and so on for ever.
 */
export function wornOut(worn: Worn, rules: RecycleRules): Retirement | null {
  const facts = worn.sessions > 0 ? worn.facts : null;
  if (rules.memory !== null && facts && facts.memory >= rules.memory)
    return {
      why: 'memory',
      params: { amount: megabytes(facts.memory), limit: megabytes(rules.memory) },
    };
  if (rules.vram !== null && facts && facts.vram !== null && facts.vram >= rules.vram)
    return { why: 'vram', params: { amount: megabytes(facts.vram), limit: megabytes(rules.vram) } };
  if (rules.ageSeconds !== null && worn.ageSeconds >= rules.ageSeconds)
    return { why: 'age', params: { amount: minutes(worn.ageSeconds), limit: minutes(rules.ageSeconds) } };
  if (rules.sessions !== null && worn.sessions >= rules.sessions)
    return { why: 'sessions', params: { amount: worn.sessions } };
  return null;
}

/** What becomes of an instance when its session is over. */
export type Boundary =
  /** Make it fresh; with `retire` it is used again only until its replacement is ready. */
  | { readonly kind: 'reset'; readonly retire: Retirement | null }
  | { readonly kind: 'stop'; readonly why: Retirement };

/**
 * Decides at the end of a session. An instance is used again only when it can be made fresh: nobody ever sees what
 * the one before has left.
 *
 * @param retiring said earlier: by a person, by a node that is emptied, by a version that is out
 * @param connected its streamer's socket is open; without it nobody could be let in
 */
export function atSessionEnd(input: {
  readonly resettable: boolean;
  readonly trial: boolean;
  readonly connected: boolean;
  readonly retiring: Retirement | null;
  readonly worn: Retirement | null;
}): Boundary {
  const { resettable, trial, connected, retiring, worn } = input;
  const why = retiring ?? worn;
  if (!connected) return { kind: 'stop', why: why ?? { why: 'streamer-lost', params: {} } };
  if (trial || !resettable) return { kind: 'stop', why: why ?? { why: 'session', params: {} } };
  // Whoever empties a node or stops an instance doesn't want to see it used once more.
  if (retiring && ['drained', 'stopped', 'disabled', 'removed'].includes(retiring.why))
    return { kind: 'stop', why: retiring };
  return { kind: 'reset', retire: why };
}
