import type { Fired, Id } from '@backlot/contract';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Flows } from '../../kernel.ts';
import type { EventReaction, TriggerKind } from '../../workload.ts';
import { type Choice, chooseVersions, type Startable } from './choose-versions.ts';

export interface FireDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly start: Flows['start'];
  /** See `Flows.onClaim`; nobody asks while no node goes on alone. */
  readonly claim: () => ((nodeId: Id, key: string) => Promise<'mine' | 'yours' | 'unknown'>) | undefined;
}

/** Starts what waits for it: a version in particular, or every enabled flow of the project that matches. */
export async function startFired(deps: FireDeps, kind: TriggerKind, fired: Fired): Promise<void> {
  const newest = await wantedFlows(deps, kind, fired);
  const { start, alone, beside, note } = await chosen(deps, fired, newest);
  const { key, ports, data, subject } = fired;
  const run = { key, ports, data, ...(subject ? { subject } : {}) };
  for (const { versionId } of start) {
    await deps.start({
      ...run,
      flow: { versionId },
      ...(alone && fired.alone ? { alone: { nodeId: fired.alone.nodeId } } : {}),
      ...(note ? { note } : {}),
    });
  }
  for (const { versionId } of beside) await deps.start({ ...run, flow: { versionId } });
}

/** A node is asked only when there is something to start: its answer binds it. */
async function chosen(deps: FireDeps, fired: Fired, newest: readonly Startable[]): Promise<Choice> {
  const { alone, key } = fired;
  if (!alone) return { start: newest, alone: false, beside: [] };
  const given = alone.versionId === undefined ? undefined : await givenTo(deps.db, fired, alone.versionId);
  if (newest.length === 0 && (given === undefined || given === 'gone')) {
    return { start: [], alone: false, beside: [] };
  }
  const ask = deps.claim();
  const claim = (await ask?.(alone.nodeId, key)) ?? 'yours';
  const node = await deps.db
    .selectFrom('node')
    .select('name')
    .where('id', '=', alone.nodeId)
    .executeTakeFirst();
  const choice = chooseVersions({
    newest,
    named: fired.flowVersionId !== undefined,
    given,
    claim,
    node: node?.name ?? alone.nodeId,
  });
  if (choice.alone)
    deps.log.info({ node: alone.nodeId, key, claim }, 'a node may run the flow of this by itself');
  return choice;
}

const startable = (db: Db) =>
  db
    .selectFrom('flow_version as v')
    .innerJoin('flow as f', 'f.id', 'v.flow_id')
    .select(['v.id as versionId', 'v.flow_id as flowId', 'v.number'])
    .where('f.removed_at', 'is', null);
const enabled = (db: Db) => startable(db).where('f.enabled', '=', true);

/** Also of a flow that was disabled meanwhile: the node may have begun it before. */
async function givenTo(db: Db, { projectId }: Fired, versionId: Id): Promise<Startable | 'gone'> {
  const version = await startable(db)
    .where('v.id', '=', versionId)
    .where('f.project_id', '=', projectId)
    .executeTakeFirst();
  return version ?? 'gone';
}

async function wantedFlows(
  { db, log }: FireDeps,
  kind: TriggerKind,
  fired: Fired,
): Promise<readonly Startable[]> {
  if (fired.flowVersionId !== undefined) {
    return await enabled(db)
      .where('v.id', '=', fired.flowVersionId)
      .where('f.project_id', '=', fired.projectId)
      .execute();
  }
  const rows = await enabled(db)
    .select('f.trigger')
    .whereRef('v.id', '=', 'f.version_id')
    .where('f.project_id', '=', fired.projectId)
    .where('f.trigger_kind', '=', kind.kind)
    .orderBy('f.id')
    .execute();
  return rows.filter(({ flowId, trigger }) => {
    const parameters = kind.parameters.safeParse(trigger);
    if (!parameters.success) {
      log.warn({ flow: flowId }, 'a flow waits for something that its trigger does not know any more');
      return false;
    }
    return kind.matches?.(parameters.data, fired) ?? true;
  });
}

/** A reaction for each kind of trigger that listens to events: at least once becomes once by the trigger's key. */
export function triggerReactions(deps: () => FireDeps, triggers: Iterable<TriggerKind>): EventReaction[] {
  return [...triggers].flatMap((kind) => {
    const { fire, events = [] } = kind;
    if (!fire || events.length === 0) return [];
    return [
      {
        name: `flows/${kind.kind}`,
        kinds: events,
        async react(event, kernel) {
          const fired = await fire(event, kernel);
          if (fired) await startFired(deps(), kind, fired);
        },
      } satisfies EventReaction,
    ];
  });
}
