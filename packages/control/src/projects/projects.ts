import {
  accessErrors,
  BacklotError,
  kernelErrors,
  type Member,
  newId,
  type Project,
  type ProjectCreate,
  type ProjectPatch,
  type Role,
} from '@backlot/contract';
import type { Selectable } from 'kysely';
import type { z } from 'zod';
import { lockAdministrators, requireMayGrant, setGrant } from '../access/grants.ts';
import type { Store } from '../db/database.ts';
import { isUniqueViolation } from '../db/database-error.ts';
import type { Db, ProjectTable, Tx } from '../db/schema.ts';
import type { Actor, AuditLog, EventLog } from '../kernel.ts';

export interface ProjectsDeps {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly events: EventLog;
}

/** Projects and who works in them. */
export class Projects {
  readonly #deps: ProjectsDeps;

  constructor(deps: ProjectsDeps) {
    this.#deps = deps;
  }

  /** @throws not_found */
  async get(id: string, db: Db | Tx = this.#deps.store.db): Promise<Project> {
    const row = await db.selectFrom('project').selectAll().where('id', '=', id).executeTakeFirst();
    if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'project', id } });
    return toProject(row);
  }

  /** Projects by short name, with one too many. */
  async list(query: {
    readonly visible: 'all' | readonly string[];
    readonly afterSlug: string | undefined;
    readonly limit: number;
  }): Promise<Project[]> {
    if (query.visible !== 'all' && query.visible.length === 0) return [];
    let rows = this.#deps.store.db
      .selectFrom('project')
      .selectAll()
      .orderBy('slug')
      .limit(query.limit + 1);
    if (query.visible !== 'all') rows = rows.where('id', 'in', query.visible);
    if (query.afterSlug !== undefined) rows = rows.where('slug', '>', query.afterSlug);
    return (await rows.execute()).map(toProject);
  }

  /** @throws slug_taken */
  async create(body: z.output<typeof ProjectCreate>, actor: Actor): Promise<Project> {
    const { store, events } = this.#deps;
    const project = await store.transaction((tx) => this.#insert(tx, body, actor));
    events.wake();
    return project;
  }

  /** Makes a first project, so that there is a place for the first upload. Does nothing when there is any. */
  async ensureOne(actor: Actor): Promise<void> {
    const { store } = this.#deps;
    await store.transaction(async (tx) => {
      await lockAdministrators(tx);
      if (await tx.selectFrom('project').select('id').limit(1).executeTakeFirst()) return;
      const body = { slug: 'default', name: 'Default', weight: 1, quota: {}, retentionDays: null };
      await this.#insert(tx, body, actor);
    });
  }

  async change(id: string, patch: z.output<typeof ProjectPatch>, actor: Actor): Promise<Project> {
    const { store, audit, events } = this.#deps;
    const changed = await store.transaction(async (tx) => {
      const before = await this.get(id, tx);
      const { name, weight, quota, retentionDays } = { ...before, ...definedOf(patch) };
      await tx
        .updateTable('project')
        .set({ name, weight, quota: JSON.stringify(quota), retention_days: retentionDays })
        .where('id', '=', id)
        .execute();
      const after = await this.get(id, tx);
      const subject = { kind: 'project', id };
      await audit.record(tx, { actor, action: 'project.change', subject, projectId: id, before, after });
      await events.append(tx, [{ projectId: id, kind: 'project.changed', subject }]);
      return after;
    });
    events.wake();
    return changed;
  }

  /**
   * Deletes a project that holds nothing any more.
   * @throws project_in_use, not_found
   */
  async remove(id: string, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps;
    await store.transaction(async (tx) => {
      const before = await this.get(id, tx);
      const held = await tx
        .selectNoFrom((query) => [
          query
            .selectFrom('job')
            .select(query.fn.countAll<number>().as('n'))
            .where('project_id', '=', id)
            .as('jobs'),
          query
            .selectFrom('artifact')
            .select(query.fn.countAll<number>().as('n'))
            .where('project_id', '=', id)
            .where('deleted_at', 'is', null)
            .as('artifacts'),
        ])
        .executeTakeFirstOrThrow();
      const jobs = Number(held.jobs ?? 0);
      const artifacts = Number(held.artifacts ?? 0);
      if (jobs + artifacts > 0) {
        throw new BacklotError(accessErrors.project_in_use, { params: { jobs, artifacts } });
      }
      // What is left are rows of artifacts deleted before, whose bytes the sweep takes care of by digest.
      await tx.deleteFrom('artifact').where('project_id', '=', id).execute();
      await tx.deleteFrom('project').where('id', '=', id).execute();
      const subject = { kind: 'project', id };
      await audit.record(tx, { actor, action: 'project.delete', subject, projectId: id, before });
    });
  }

  async members(projectId: string): Promise<Member[]> {
    const rows = await this.#deps.store.db
      .selectFrom('role_grant as g')
      .innerJoin('account as a', 'a.id', 'g.account_id')
      .select(['a.id as accountId', 'a.email', 'a.name', 'g.role'])
      .where('g.project_id', '=', projectId)
      .orderBy('a.name')
      .orderBy('a.id')
      .execute();
    return rows;
  }

  /** Gives somebody a role by their address. @throws not_found, role_exceeded */
  async addMember(projectId: string, email: string, role: Role, actor: Actor): Promise<Member> {
    const account = await this.#deps.store.db
      .selectFrom('account')
      .select('id')
      .where('email', '=', email)
      .executeTakeFirst();
    if (!account) throw notFound('account', email);
    return await this.setMember(projectId, account.id, role, actor);
  }

  /** Gives, changes or (null) takes away a role in a project. @throws not_found, role_exceeded */
  async setMember(projectId: string, accountId: string, role: Role, actor: Actor): Promise<Member>;
  async setMember(projectId: string, accountId: string, role: null, actor: Actor): Promise<undefined>;
  async setMember(
    projectId: string,
    accountId: string,
    role: Role | null,
    actor: Actor,
  ): Promise<Member | undefined> {
    const { store, audit } = this.#deps;
    return await store.transaction(async (tx) => {
      const account = await tx
        .selectFrom('account')
        .select(['id', 'email', 'name'])
        .where('id', '=', accountId)
        .executeTakeFirst();
      if (!account) throw notFound('account', accountId);
      const before = await setGrant(tx, accountId, projectId, role);
      if (role === null && before === null) throw notFound('member', accountId);
      for (const changed of [before, role]) {
        if (changed !== null) requireMayGrant(actor, { projectId, role: changed });
      }
      await audit.record(tx, {
        actor,
        action: role === null ? 'member.remove' : 'member.put',
        subject: { kind: 'account', id: accountId },
        projectId,
        before: { role: before },
        after: { role, email: account.email },
      });
      return role === null ? undefined : { accountId, email: account.email, name: account.name, role };
    });
  }

  async #insert(tx: Tx, body: z.output<typeof ProjectCreate>, actor: Actor): Promise<Project> {
    const { audit, events } = this.#deps;
    const id = newId();
    try {
      await tx
        .insertInto('project')
        .values({
          id,
          slug: body.slug,
          name: body.name,
          weight: body.weight,
          quota: JSON.stringify(body.quota),
          retention_days: body.retentionDays,
        })
        .execute();
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      throw new BacklotError(accessErrors.slug_taken, {
        params: { slug: body.slug },
        pointer: 'body.slug',
        cause: error,
      });
    }
    const project = await this.get(id, tx);
    const subject = { kind: 'project', id };
    await audit.record(tx, { actor, action: 'project.create', subject, projectId: id, after: project });
    await events.append(tx, [{ projectId: id, kind: 'project.created', subject, body: { slug: body.slug } }]);
    return project;
  }
}

function notFound(what: string, id: string): BacklotError {
  return new BacklotError(kernelErrors.not_found, { params: { what, id } });
}

/** Fields that were given; `undefined` must not overwrite what is there. */
function definedOf<T extends object>(patch: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(patch).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function toProject(row: Selectable<ProjectTable>): Project {
  return {
    id: row.id,
    slug: row.slug,
    name: row.name,
    weight: row.weight,
    quota: row.quota,
    retentionDays: row.retention_days,
    createdAt: row.created_at.toISOString(),
  };
}
