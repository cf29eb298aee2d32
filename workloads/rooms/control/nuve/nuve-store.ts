import { randomBytes } from 'node:crypto';
import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import { type Actor, type Kernel, seal, unseal } from '@backlot/control/workload';
import { sql } from 'kysely';
import { windowMs } from './mauth.ts';

/** A tenant: its rooms are in a project of its own. */
export interface NuveService {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly projectId: string;
}

/** A room as Nuve's clients know it. `id` is ours as well. */
export interface NuveRoom {
  readonly id: string;
  /** Free text; need not be unique. */
  readonly name: string;
  /** What a client has given besides (`p2p`, `data`, `mediaConfiguration`, `eapolicy`), kept and given back. */
  readonly facts: Readonly<Record<string, unknown>>;
}

type Tables = {
  rooms_nuve_service: { id: string; project_id: string; name: string; key_sealed: Buffer };
  rooms_nuve_room: { room_id: string; service_id: string; name: string; facts: string };
};

/** Services and their rooms in the database. */
export class NuveStore {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async service(id: string): Promise<NuveService | undefined> {
    const row = await this.#db()
      .selectFrom('rooms_nuve_service')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return row && this.#opened(row);
  }

  async services(): Promise<NuveService[]> {
    const rows = await this.#db()
      .selectFrom('rooms_nuve_service')
      .selectAll()
      .orderBy('id')
      .limit(1_000)
      .execute();
    return Promise.all(rows.map((row) => this.#opened(row)));
  }

  /**
   * A new tenant with a project of its own. Without a key it is given one.
   * @throws conflict when the name is taken
   */
  async create(name: string, key: string | undefined, actor: Actor): Promise<NuveService> {
    const { events, audit } = this.#kernel;
    const [id, projectId] = [newId(), newId()];
    const secret = key ?? randomBytes(24).toString('base64url');
    const sealed = seal(secret, await this.#kernel.key('rooms.nuve'));
    await this.#kernel.transaction(async (tx) => {
      const taken = await tx
        .withTables<Tables>()
        .selectFrom('rooms_nuve_service')
        .select('id')
        .where('name', '=', name)
        .executeTakeFirst();
      if (taken)
        throw new BacklotError(kernelErrors.conflict, { params: { reason: `a service ${name} is there` } });
      await tx
        .insertInto('project')
        .values({
          id: projectId,
          slug: `nuve-${projectId.slice(-12)}`,
          name,
          quota: '{}',
          retention_days: null,
        })
        .execute();
      await tx
        .withTables<Tables>()
        .insertInto('rooms_nuve_service')
        .values({ id, project_id: projectId, name, key_sealed: sealed })
        .execute();
      const subject = { kind: 'project', id: projectId };
      await audit.record(tx, {
        actor,
        action: 'nuve.service.create',
        subject,
        projectId,
        after: { id, name },
      });
      await events.append(tx, [{ projectId, kind: 'project.created', subject }]);
    });
    events.wake();
    return { id, name, key: secret, projectId };
  }

  /** The tenant is gone; its project stays, with what is in it. */
  async remove(service: NuveService, actor: Actor): Promise<void> {
    await this.#kernel.transaction(async (tx) => {
      await tx.withTables<Tables>().deleteFrom('rooms_nuve_service').where('id', '=', service.id).execute();
      await this.#kernel.audit.record(tx, {
        actor,
        action: 'nuve.service.delete',
        subject: { kind: 'project', id: service.projectId },
        projectId: service.projectId,
        before: { id: service.id, name: service.name },
      });
    });
  }

  async rooms(serviceId: string): Promise<NuveRoom[]> {
    const rows = await this.#openRooms()
      .where('n.service_id', '=', serviceId)
      .orderBy('n.room_id')
      .limit(1_000)
      .execute();
    return rows.map(asRoom);
  }

  /** An open room of this service. Another service's is as if it were not there. */
  async room(serviceId: string, id: string): Promise<NuveRoom | undefined> {
    const row = await this.#openRooms()
      .where('n.service_id', '=', serviceId)
      .where('n.room_id', '=', id)
      .executeTakeFirst();
    return row && asRoom(row);
  }

  async putRoom(serviceId: string, { id, name, facts }: NuveRoom): Promise<void> {
    await this.#db()
      .insertInto('rooms_nuve_room')
      .values({ room_id: id, service_id: serviceId, name, facts: JSON.stringify(facts) })
      .onConflict((conflict) =>
        conflict.column('room_id').doUpdateSet({ name, facts: JSON.stringify(facts) }),
      )
      .execute();
  }

  /**
   * Takes a nonce; false when this service has used it before. Shared by all control processes, and longer than a request can
   * be accepted. The clock is the database's.
   */
  async takeNonce(serviceId: string, nonce: string): Promise<boolean> {
    const taken = await sql<{ nonce: string }>`
      INSERT INTO rooms_nuve_nonce (service, nonce, expires_at)
      VALUES (${serviceId}, ${nonce}, now() + make_interval(secs => ${(2 * windowMs) / 1_000 + 60}))
      ON CONFLICT DO NOTHING RETURNING nonce`.execute(this.#kernel.db);
    return taken.rows.length === 1;
  }

  async forgetNonces(): Promise<void> {
    await sql`DELETE FROM rooms_nuve_nonce WHERE expires_at < now()`.execute(this.#kernel.db);
  }

  #openRooms() {
    return this.#kernel.db
      .withTables<Tables & { rooms_room: { id: string; closed_at: Date | null } }>()
      .selectFrom('rooms_nuve_room as n')
      .innerJoin('rooms_room as r', 'r.id', 'n.room_id')
      .selectAll('n')
      .where('r.closed_at', 'is', null);
  }

  async #opened(row: Tables['rooms_nuve_service']): Promise<NuveService> {
    const key = unseal(row.key_sealed, await this.#kernel.key('rooms.nuve'));
    return { id: row.id, name: row.name, key, projectId: row.project_id };
  }

  #db() {
    return this.#kernel.db.withTables<Tables>();
  }
}

function asRoom(row: { room_id: string; name: string; facts: unknown }): NuveRoom {
  return { id: row.room_id, name: row.name, facts: row.facts as Record<string, unknown> };
}
