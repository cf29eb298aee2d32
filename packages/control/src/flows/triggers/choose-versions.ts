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
  /** Started here as well, whatever the node has begun: no node knows of them. */
  readonly beside: readonly Startable[];
  readonly note?: Reason;
}

/** What is known when something has happened at which a node may have begun a run by itself. */
export interface Occasion {
  /** What is started when no node has begun it: of flows that are enabled. */
  readonly newest: readonly Startable[];
  /** `newest` is the one flow that was named, and not all that match: another one takes its place. */
  readonly named: boolean;
  /**
   * The version that the node was given; its flow may be disabled by now, and what has begun is not dropped for that.
   * `gone`: there is no such version any more. Undefined: nobody says which it was.
   */
  readonly given?: Startable | 'gone' | undefined;
  /** What the node says; `unknown` when it can't be asked. */
  readonly claim: 'mine' | 'yours' | 'unknown';
  /** Name of the node. */
  readonly node: string;
}

/**
 * Which versions are started. What a node has begun, or may have, is of the version that it was given: of another one
 * its work would be refused, and done again. What it has not begun is of the newest, however long ago the node was given
 * its own: a channel is recorded for months. Flows that no node was given are started in any case. Pure.
 */
export function chooseVersions({ newest, named, given, claim, node }: Occasion): Choice {
  const here = { start: newest, alone: false, beside: [] };
  if (given === 'gone') return { ...here, note: reason(flowPhrases, 'flow.version.gone', { node }) };
  if (given === undefined) return { ...here, alone: claim !== 'yours' };
  const own = newest.find(({ flowId }) => flowId === given.flowId);
  const same = own?.versionId === given.versionId;
  const numbers = { node, named: given.number, newest: own?.number ?? 0 };
  if (claim === 'yours') {
    if (same || !own) return here;
    return { ...here, note: reason(flowPhrases, 'flow.version.newest', numbers) };
  }
  const beside = named ? [] : newest.filter(({ flowId }) => flowId !== given.flowId);
  const begun = { start: [given], alone: true, beside };
  if (same) return begun;
  // Nothing would be run in its place: its flow is disabled, or no channel's any more.
  if (!own && (newest.length === 0 || !named))
    return { ...begun, note: reason(flowPhrases, 'flow.version.begun', { node }) };
  const note = own
    ? reason(flowPhrases, 'flow.version.node', numbers)
    : reason(flowPhrases, 'flow.version.other', { node });
  return { ...begun, note };
}
