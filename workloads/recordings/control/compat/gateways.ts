import { createHash, randomBytes } from 'node:crypto';
import { newId } from '@backlot/contract';
import { type Actor, checkUrl, type Kernel, seal, type Tx, unseal } from '@backlot/control/workload';
import { sql } from 'kysely';
import { z } from 'zod';
import { type NgliveSettings, type NgliveView, ReverseTarget } from '../../contract/compat/nglive.ts';
import { addressPolicy } from './stream/address-policy.ts';
import { compatTables, type GatewayRow } from './tables.ts';

const Reverse = z.array(ReverseTarget);
const leaseS = 15;

/** The doors by which programs that speak NGlive reach projects: settings, tokens, and who dials out. */
export class Gateways {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async row(projectId: string): Promise<GatewayRow | undefined> {
    return await compatTables(this.#kernel.db)
      .selectFrom('recordings_nglive')
      .selectAll()
      .where('project_id', '=', projectId)
      .executeTakeFirst();
  }

  /** The gateway that a token opens; undefined for a wrong one, and for one that is switched off. */
  async byToken(token: string): Promise<GatewayRow | undefined> {
    if (token === '') return undefined;
    return await compatTables(this.#kernel.db)
      .selectFrom('recordings_nglive')
      .selectAll()
      .where('token_hash', '=', hashOf(token))
      .where('enabled', '=', true)
      .executeTakeFirst();
  }

  async view(projectId: string): Promise<NgliveView> {
    const row = await this.row(projectId);
    const origin = this.#kernel.publicUrl();
    return {
      projectId,
      uuid: row?.id ?? null,
      enabled: row?.enabled ?? false,
      name: row?.name ?? 'backlot',
      recorder: row?.recorder ?? 'resolver',
      flow: row?.flow ?? null,
      hasToken: row?.token_hash != null,
      reverse: (row ? await this.reverseOf(row) : []).map(({ kind, url, token }) => ({
        kind,
        url: withoutSecrets(url),
        hasToken: token !== undefined || withoutSecrets(url) !== url,
      })),
      webhookUrl: `${origin}/webhook/`,
      socketUrl: `${origin.replace(/^http/, 'ws')}/nglive/ws`,
    };
  }

  /** Where it dials to, with tokens: for those who dial. */
  async reverseOf(row: GatewayRow): Promise<ReverseTarget[]> {
    if (row.reverse === null) return [];
    return Reverse.parse(JSON.parse(unseal(row.reverse, await this.#key())));
  }

  async put(settings: NgliveSettings, actor: Actor): Promise<NgliveView> {
    const { projectId, enabled, name, recorder, flow } = settings;
    const key = await this.#key();
    const policy = await addressPolicy(this.#kernel.db);
    await this.#kernel.transaction(async (tx) => {
      const before = await compatTables(tx)
        .selectFrom('recordings_nglive')
        .selectAll()
        .where('project_id', '=', projectId)
        .forNoKeyUpdate()
        .executeTakeFirst();
      const old = before ? await this.reverseOf(before) : [];
      const reverse =
        settings.reverse?.map((target) => {
          const known = old.find(
            ({ url, kind }) => kind === target.kind && withoutSecrets(url) === target.url,
          );
          // The view shows addresses without what is secret in them: sent back, they mean what they meant.
          if (target.token === undefined && known) return known;
          checkUrl(target.url, policy);
          return target;
        }) ?? old;
      const columns = {
        enabled,
        name,
        recorder,
        flow: JSON.stringify(flow),
        reverse: seal(JSON.stringify(reverse), key),
      };
      await compatTables(tx)
        .insertInto('recordings_nglive')
        .values({ project_id: projectId, id: newId(this.#kernel.clock.now()), ...columns })
        .onConflict((conflict) =>
          conflict
            .column('project_id')
            .doUpdateSet({ ...columns, revision: sql<number>`recordings_nglive.revision + 1` }),
        )
        .execute();
      const shown = reverse.map(({ kind, url }) => ({ kind, url: withoutSecrets(url) }));
      await this.#audit(tx, 'nglive.change', projectId, actor, {
        enabled,
        name,
        recorder,
        flow,
        reverse: shown,
      });
    });
    return await this.view(projectId);
  }

  /** A new token; the one before opens nothing any more. Shown once. */
  async rotateToken(projectId: string, actor: Actor): Promise<string> {
    const token = randomBytes(24).toString('base64url');
    await this.#kernel.transaction(async (tx) => {
      await compatTables(tx)
        .insertInto('recordings_nglive')
        .values({
          project_id: projectId,
          id: newId(this.#kernel.clock.now()),
          enabled: false,
          name: 'backlot',
          recorder: 'resolver',
          flow: 'null',
          token_hash: hashOf(token),
        })
        .onConflict((conflict) =>
          conflict.column('project_id').doUpdateSet({
            token_hash: hashOf(token),
            revision: sql<number>`recordings_nglive.revision + 1`,
          }),
        )
        .execute();
      await this.#audit(tx, 'nglive.token', projectId, actor, null);
    });
    return token;
  }

  /** Gateways that this process is to dial for: leased, so that two control processes don't dial twice. */
  async lease(holder: string): Promise<GatewayRow[]> {
    const rows = await sql<GatewayRow>`
      UPDATE recordings_nglive SET lease_by = ${holder}, lease_until = now() + make_interval(secs => ${leaseS})
      WHERE enabled AND reverse IS NOT NULL
        AND (lease_by IS NULL OR lease_by = ${holder} OR lease_until < now())
      RETURNING *`.execute(this.#kernel.db);
    return rows.rows;
  }

  async giveBack(holder: string): Promise<void> {
    await compatTables(this.#kernel.db)
      .updateTable('recordings_nglive')
      .set({ lease_by: null, lease_until: null })
      .where('lease_by', '=', holder)
      .execute();
  }

  async #key(): Promise<Uint8Array> {
    return await this.#kernel.key('recordings.nglive');
  }

  async #audit(tx: Tx, action: string, projectId: string, actor: Actor, after: unknown): Promise<void> {
    await this.#kernel.audit.record(tx, {
      actor,
      action,
      subject: { kind: 'nglive', id: projectId },
      projectId,
      ...(after === null ? {} : { after }),
    });
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

/** NGlive's addresses carry their token in the query. */
function withoutSecrets(text: string): string {
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.search = '';
  return url.href;
}
