import { flowPhrases, type Id, type Reason, reason } from '@backlot/contract';

/** A version of a flow that may be started. */
export interface Startable {
  readonly flowId: Id;
  readonly versionId: Id;
  readonly number: number;
}

export interface Choice {
  readonly start: readonly Startable[];
  /** Nothing of the run is placed here until its node has told. */
  readonly alone: boolean;
  readonly note?: Reason;
}

/** What is known when something has happened at which a node may have begun a run by itself. */
export interface Occasion {
  /** What is started when no node has begun it. */
  readonly newest: readonly Startable[];
  /** The version that the node was given. `gone`: it is not in use any more. Undefined: nobody says which it was. */
  readonly given?: Startable | 'gone' | undefined;
  /** What the node says; `unknown` when it can't be asked. */
  readonly claim: 'mine' | 'yours' | 'unknown';
  /** Name of the node. */
  readonly node: string;
}

/**
 * Which versions are started. What a node has begun, or may have, is of the version that it was given: of another one
 * its work would be refused, and done again. What it has not begun is of the newest, however long ago the node was given
 * its own: a channel is recorded for months. Pure.
 */
export function chooseVersions({ newest, given, claim, node }: Occasion): Choice {
  if (given === 'gone')
    return { start: newest, alone: false, note: reason(flowPhrases, 'flow.version.gone', { node }) };
  if (given === undefined) return { start: newest, alone: claim !== 'yours' };
  const own = newest.find(({ flowId }) => flowId === given.flowId);
  const same = own?.versionId === given.versionId;
  const numbers = { node, named: given.number, newest: own?.number ?? 0 };
  if (claim === 'yours') {
    if (same || !own) return { start: newest, alone: false };
    return { start: newest, alone: false, note: reason(flowPhrases, 'flow.version.newest', numbers) };
  }
  const begun = { start: [given], alone: true };
  if (same) return begun;
  const note = own
    ? reason(flowPhrases, 'flow.version.node', numbers)
    : reason(flowPhrases, 'flow.version.other', { node });
  return { ...begun, note };
}
