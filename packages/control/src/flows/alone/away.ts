import { flowPhrases, type Id, type Reason, reason } from '@backlot/contract';

/** The node that is to tell of a run, as the database and the links know it. */
export interface TellingNode {
  readonly name: string;
  /** Null: there is no such node any more. */
  readonly state: string | null;
  readonly connected: boolean;
  /** How long nothing has been heard of it; null while it is there. Milliseconds. */
  readonly awayMs: number | null;
}

/**
 * ask       whether it has begun the run
 * let-go    it is gone for good: the run goes on here as any other
 * elsewhere it is lost, and has been away for long: what needs nothing that only this node has goes on elsewhere
 * wait      it may come back at any moment, and would do it all again for nothing
 */
export type AwayAction = 'ask' | 'let-go' | 'elsewhere' | 'wait';

/** What becomes of a run that a node has begun, or may have. Pure. */
export function decideAway({ state, connected, awayMs }: TellingNode, elsewhereAfterMs: number): AwayAction {
  if (state === null || state === 'removed') return 'let-go';
  if (connected) return 'ask';
  return state === 'lost' && awayMs !== null && awayMs >= elsewhereAfterMs ? 'elsewhere' : 'wait';
}

/** A task of such a run that nobody has begun here. */
export interface IdleTask {
  readonly id: Id;
  readonly key: string;
  readonly inputs: readonly { readonly name: string; readonly digest: string }[];
}

export interface SortedTasks {
  readonly go: readonly Id[];
  readonly wait: readonly { readonly id: Id; readonly key: string; readonly files: readonly string[] }[];
}

/** Which tasks can go on without the node, and which wait for files of it. @param reachable digests that can be had. Pure. */
export function sortTasks(tasks: readonly IdleTask[], reachable: ReadonlySet<string>): SortedTasks {
  const looked = tasks.map(({ id, key, inputs }) => ({
    id,
    key,
    files: inputs.filter(({ digest }) => !reachable.has(digest)).map(({ name }) => name),
  }));
  return {
    go: looked.filter(({ files }) => files.length === 0).map(({ id }) => id),
    wait: looked.filter(({ files }) => files.length > 0),
  };
}

/** Files that a sentence names; of more it says how many. */
const named = 3;

/** Why a task waits for a node that is lost. @param since when it was heard of last, ISO 8601 */
export function waitsFor(node: string, since: string, files: readonly string[]): Reason {
  const names = files.slice(0, named).join(', ') + (files.length > named ? ', …' : '');
  return reason(flowPhrases, 'flow.wait.node', { node, since, count: files.length, files: names });
}
