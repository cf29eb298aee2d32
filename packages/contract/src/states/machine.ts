import { BacklotError } from '../errors/catalogue.ts';
import { kernelErrors } from '../errors/kernel.ts';

/** Which states may follow which. A state that maps to nothing is final. */
export type TransitionTable<S extends string> = { readonly [K in S]: readonly S[] };

/** A state machine as data: every state change in the system asks one of these first. */
export interface StateMachine<S extends string> {
  readonly name: string;
  readonly states: readonly S[];
  readonly table: TransitionTable<S>;
  /** Whether `to` may follow `from`. Staying in a state is not a transition. */
  allows(from: S, to: S): boolean;
  /** Throws `illegal_transition` unless `to` may follow `from`. */
  assert(from: S, to: S): void;
  /** The states that may be left for `to`; used in `WHERE state IN (…)` so that the database checks as well. */
  before(to: S): readonly S[];
  isFinal(state: S): boolean;
}

export function defineMachine<const S extends string>(
  name: string,
  table: TransitionTable<S>,
): StateMachine<S> {
  const states = Object.keys(table) as S[];
  return {
    name,
    states,
    table,
    allows: (from, to) => table[from].includes(to),
    assert(from, to) {
      if (!table[from].includes(to)) {
        throw new BacklotError(kernelErrors.illegal_transition, { params: { subject: name, from, to } });
      }
    },
    before: (to) => states.filter((from) => table[from].includes(to)),
    isFinal: (state) => table[state].length === 0,
  };
}
