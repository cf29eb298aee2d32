import { isDeepStrictEqual } from 'node:util';
import {
  BacklotError,
  type FlowCreate,
  type FlowDefinition,
  type FlowSave,
  flowErrors,
  type Id,
  kernelErrors,
  newId,
} from '@backlot/contract';
import { sql } from 'kysely';
import type { Store } from '../../db/database.ts';
import type { FlowRow, Tx } from '../../db/schema.ts';
import type { Actor, AuditLog, EventLog } from '../../kernel.ts';
import type { InstalledKinds } from '../flow-kinds.ts';
import { nextTime, ScheduleParameters, scheduleTrigger } from '../triggers/kernel-triggers.ts';
import { requireSound } from './read-source.ts';

export interface FlowStoreDeps {
  readonly store: Pick<Store, 'transaction' | 'db'>;
  readonly events: EventLog;
  readonly audit: AuditLog;
  readonly installed: InstalledKinds;
  readonly now: () => Date;
  /** The next time of a schedule may be sooner than anybody knew. */
  readonly rescheduled: () => void;
}

/** What is kept of a definition beside it, for lists and for triggers. */
function factsOf(definition: FlowDefinition, now: Date) {
  const { trigger, steps, name, description } = definition;
  const schedule =
    trigger.kind === scheduleTrigger.kind ? ScheduleParameters.safeParse(trigger.with) : undefined;
  return {
    name,
    description: description ?? '',
    trigger_kind: trigger.kind,
    trigger: JSON.stringify(trigger.with),
    step_kinds: JSON.stringify([...new Set(steps.map(({ kind }) => kind))].sort()),
    step_count: steps.length,
    next_at: schedule?.success ? (nextTime(schedule.data, now) ?? null) : null,
  };
}

/** Writes flows and their versions. Every method writes its event and its audit row in its transaction. */
export class FlowStore {
  readonly #deps: FlowStoreDeps;

  constructor(deps: FlowStoreDeps) {
    this.#deps = deps;
  }

  /** @throws flow_invalid, flow_name_taken, not_found (the project) */
  async create(body: FlowCreate, actor: Actor): Promise<Id> {
    const { definition, text } = requireSound(body, this.#deps.installed, actor.language);
    const id = newId();
    await this.#change(async (tx) => {
      const project = await tx
        .selectFrom('project')
        .select('id')
        .where('id', '=', body.projectId)
        .executeTakeFirst();
      if (!project) {
        throw new BacklotError(kernelErrors.not_found, { params: { what: 'project', id: body.projectId } });
      }
      await this.#requireName(tx, body.projectId, definition.name, id);
      const versionId = newId();
      await tx
        .insertInto('flow')
        .values({
          id,
          project_id: body.projectId,
          enabled: body.enabled,
          version: 1,
          version_id: versionId,
          actor_id: actor.id,
          actor_name: actor.name,
          ...factsOf(definition, this.#deps.now()),
        })
        .execute();
      await this.#insertVersion(
        tx,
        { id: versionId, flowId: id, number: 1, definition, text, note: body.note },
        actor,
      );
      await this.#tell(tx, 'flow.created', { id, project_id: body.projectId, name: definition.name }, actor, {
        version: 1,
        enabled: body.enabled,
      });
    });
    return id;
  }

  /** Saves a new version. @throws flow_invalid, flow_changed, flow_name_taken, not_found */
  async save(id: Id, body: FlowSave, actor: Actor): Promise<void> {
    const { definition, text } = requireSound(body, this.#deps.installed, actor.language);
    await this.#change(async (tx) => {
      const flow = await this.#lock(tx, id);
      if (body.base !== undefined && body.base !== flow.version) {
        throw new BacklotError(flowErrors.flow_changed, { params: { version: flow.version } });
      }
      const current = await tx
        .selectFrom('flow_version')
        .select(['text', 'definition'])
        .where('id', '=', flow.version_id)
        .executeTakeFirstOrThrow();
      // Saving what is there makes no version: applying a file again and again must change nothing.
      const plain: unknown = JSON.parse(JSON.stringify(definition));
      const same = body.text === undefined && isDeepStrictEqual(current.definition, plain);
      if (same || current.text === text) return;
      await this.#requireName(tx, flow.project_id, definition.name, id);
      const number = flow.version + 1;
      const versionId = newId();
      await this.#insertVersion(
        tx,
        { id: versionId, flowId: id, number, definition, text, note: body.note },
        actor,
      );
      await tx
        .updateTable('flow')
        .set({
          version: number,
          version_id: versionId,
          updated_at: sql`now()`,
          ...factsOf(definition, this.#deps.now()),
        })
        .where('id', '=', id)
        .execute();
      await this.#tell(tx, 'flow.changed', { ...flow, name: definition.name }, actor, {
        version: number,
        before: flow.version,
        note: body.note,
      });
    });
  }

  /** @throws not_found */
  async setEnabled(id: Id, enabled: boolean, actor: Actor): Promise<void> {
    await this.#change(async (tx) => {
      const flow = await this.#lock(tx, id);
      if (flow.enabled === enabled) return;
      const version = await tx
        .selectFrom('flow_version')
        .select('definition')
        .where('id', '=', flow.version_id)
        .executeTakeFirstOrThrow();
      // Times that passed while it was off are not made up for.
      const { next_at } = factsOf(version.definition, this.#deps.now());
      await tx
        .updateTable('flow')
        .set({ enabled, next_at, updated_at: sql`now()` })
        .where('id', '=', id)
        .execute();
      await this.#tell(tx, 'flow.changed', flow, actor, { enabled });
    });
  }

  /** Removes a flow; its runs and versions can still be looked at. @throws not_found, flow_in_use */
  async remove(id: Id, actor: Actor): Promise<void> {
    await this.#change(async (tx) => {
      const flow = await this.#lock(tx, id);
      const { rows } = await sql<{ n: number }>`
        SELECT count(*)::int AS n FROM flow_run WHERE flow_id = ${id} AND ended_at IS NULL
      `.execute(tx);
      const count = rows[0]?.n ?? 0;
      if (count > 0) throw new BacklotError(flowErrors.flow_in_use, { params: { count } });
      await tx
        .updateTable('flow')
        .set({ removed_at: sql`now()`, enabled: false })
        .where('id', '=', id)
        .execute();
      await this.#tell(tx, 'flow.removed', flow, actor, {});
    });
  }

  async #change(work: (tx: Tx) => Promise<void>): Promise<void> {
    await this.#deps.store.transaction(work);
    this.#deps.events.wake();
    this.#deps.rescheduled();
  }

  async #lock(tx: Tx, id: Id): Promise<FlowRow> {
    const flow = await tx
      .selectFrom('flow')
      .selectAll()
      .where('id', '=', id)
      .where('removed_at', 'is', null)
      .forUpdate()
      .executeTakeFirst();
    if (!flow) throw new BacklotError(kernelErrors.not_found, { params: { what: 'flow', id } });
    return flow;
  }

  /** The unique index decides in the end; this says it in a sentence. */
  async #requireName(tx: Tx, projectId: Id, name: string, exceptId: Id): Promise<void> {
    await sql`SELECT 1 FROM project WHERE id = ${projectId} FOR NO KEY UPDATE`.execute(tx);
    const other = await tx
      .selectFrom('flow')
      .select('id')
      .where('project_id', '=', projectId)
      .where(sql<boolean>`lower(name) = lower(${name})`)
      .where('removed_at', 'is', null)
      .where('id', '<>', exceptId)
      .executeTakeFirst();
    if (other) throw new BacklotError(flowErrors.flow_name_taken, { params: { name }, pointer: 'name' });
  }

  async #insertVersion(
    tx: Tx,
    version: {
      readonly id: Id;
      readonly flowId: Id;
      readonly number: number;
      readonly definition: FlowDefinition;
      readonly text: string;
      readonly note: string;
    },
    actor: Actor,
  ): Promise<void> {
    const { id, flowId, number, definition, text, note } = version;
    await tx
      .insertInto('flow_version')
      .values({
        id,
        flow_id: flowId,
        number,
        definition: JSON.stringify(definition),
        text,
        note,
        actor_id: actor.id,
        actor_name: actor.name,
      })
      .execute();
  }

  async #tell(
    tx: Tx,
    kind: 'flow.created' | 'flow.changed' | 'flow.removed',
    flow: { readonly id: Id; readonly project_id: Id; readonly name: string },
    actor: Actor,
    after: Record<string, unknown>,
  ): Promise<void> {
    const subject = { kind: 'flow', id: flow.id };
    await this.#deps.events.append(tx, [
      { projectId: flow.project_id, kind, subject, body: { name: flow.name, ...after, by: actor.name } },
    ]);
    const action = {
      'flow.created': 'flow.create',
      'flow.changed': 'flow.change',
      'flow.removed': 'flow.delete',
    };
    await this.#deps.audit.record(tx, {
      actor,
      action: action[kind],
      subject,
      projectId: flow.project_id,
      after,
    });
  }
}
