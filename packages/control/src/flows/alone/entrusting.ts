import type { FlowDefinition, Id } from '@backlot/contract';
import { deputyMethods, type Entrust } from '@backlot/contract/deputy/messages';
import { sql } from 'kysely';
import type { Logger } from 'pino';
import type { Db } from '../../db/schema.ts';
import type { Flows, Kernel, NodeLinks } from '../../kernel.ts';
import type { TaskKind } from '../../workload.ts';

export interface EntrustingDeps {
  readonly db: Db;
  readonly log: Logger;
  readonly nodes: () => NodeLinks;
  readonly flows: Pick<Flows, 'version'>;
  readonly kernel: () => Kernel;
  readonly findTask: (kind: string) => TaskKind | undefined;
}

const callMs = 10_000;
/** Secrets may have changed meanwhile. Milliseconds. */
const renewMs = 10 * 60_000;

/**
 * Gives nodes what they need to run the flows of their own facts while the control plane is away: for every allocation
 * whose task has `parameters.flow.versionId`, that version, and the secrets of its steps as an offer would carry them. The
 * secrets of a step are made from what the flow itself says of it (`with`), because what flows into it is not known yet.
 */
export class Entrusting {
  readonly #deps: EntrustingDeps;
  /** Allocation -> what it was given, and when by this process's clock. */
  readonly #given = new Map<Id, { readonly version: Id; readonly at: number }>();

  constructor(deps: EntrustingDeps) {
    this.#deps = deps;
  }

  async sweep(signal: AbortSignal): Promise<number | null> {
    const { db, nodes, log } = this.#deps;
    const { rows } = await sql<{ id: Id; node_id: Id; project_id: Id; version: Id }>`
      SELECT a.id, a.node_id, a.project_id, t.spec->'parameters'->'flow'->>'versionId' AS version
      FROM allocation a JOIN task t ON t.id = a.task_id
      WHERE a.state IN ('accepted', 'preparing', 'running', 'frozen')
        AND t.spec->'parameters'->'flow'->>'versionId' IS NOT NULL
    `.execute(db);
    const now = performance.now();
    const open = new Set(rows.map(({ id }) => id));
    for (const id of this.#given.keys()) if (!open.has(id)) this.#given.delete(id);
    for (const row of rows) {
      if (signal.aborted) return null;
      const given = this.#given.get(row.id);
      if (given?.version === row.version && now - given.at < renewMs) continue;
      if (!nodes().connected(row.node_id)) continue;
      try {
        const bundle = await this.#bundle(row);
        if (!bundle) continue;
        const { id: allocation } = row;
        const call = { allocation, method: deputyMethods.entrust, payload: bundle, deadlineMs: callMs };
        await nodes().call(row.node_id, call);
        this.#given.set(row.id, { version: row.version, at: now });
      } catch (error) {
        log.warn({ err: error, allocation: row.id, node: row.node_id }, 'a node could not be given a flow');
      }
    }
    return null;
  }

  async #bundle(row: {
    readonly id: Id;
    readonly project_id: Id;
    readonly version: Id;
  }): Promise<Entrust | undefined> {
    const version = await this.#deps.flows.version(row.version);
    if (!version || version.projectId !== row.project_id) return undefined;
    return {
      allocation: row.id,
      version: version.id,
      flow: { id: version.flowId, name: version.name, number: version.number },
      projectId: version.projectId,
      definition: JSON.parse(JSON.stringify(version.definition)) as Record<string, unknown>,
      secrets: await this.#secrets(version.definition, version.projectId),
    };
  }

  async #secrets(definition: FlowDefinition, projectId: Id): Promise<Entrust['secrets']> {
    const secrets: Entrust['secrets'] = {};
    for (const step of definition.steps) {
      // The kind of a step's task is called as the kind of the step wherever it has secrets.
      const dress = this.#deps.findTask(step.kind)?.dress;
      if (dress) secrets[step.id] = await dress(step.with, this.#deps.kernel(), { projectId });
    }
    return secrets;
  }
}
