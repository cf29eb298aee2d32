import {
  BacklotError,
  kernelErrors,
  newId,
  type Webhook,
  type WebhookCreate,
  type WebhookDelivery,
  type WebhookPatch,
} from '@backlot/contract';
import { type Selectable, sql } from 'kysely';
import { jsonObjectFrom } from 'kysely/helpers/postgres';
import type { z } from 'zod';
import type { Store } from '../db/database.ts';
import type { Db, Tx, WebhookDeliveryTable } from '../db/schema.ts';
import type { Actor, AuditLog } from '../kernel.ts';
import type { Settings } from '../settings/settings.ts';
import { checkUrl } from './sender.ts';
import { newWebhookSecret } from './signing.ts';

export interface WebhooksDeps {
  readonly store: Store;
  readonly audit: AuditLog;
  readonly settings: Settings;
}

/** The webhooks of projects, and the log of what was delivered. */
export class Webhooks {
  readonly #deps: WebhooksDeps;

  constructor(deps: WebhooksDeps) {
    this.#deps = deps;
  }

  /** The project of a webhook, null when there is no such. */
  async projectOf(id: string): Promise<string | null> {
    const row = await this.#deps.store.db
      .selectFrom('webhook')
      .select('project_id')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.project_id ?? null;
  }

  /** Newest first, with one too many. */
  async list(query: {
    readonly visible: 'all' | readonly string[];
    readonly projectId: string | undefined;
    readonly beforeId: string | undefined;
    readonly limit: number;
  }): Promise<Webhook[]> {
    if (query.visible !== 'all' && query.visible.length === 0) return [];
    let rows = webhookQuery(this.#deps.store.db)
      .orderBy('w.id', 'desc')
      .limit(query.limit + 1);
    if (query.visible !== 'all') rows = rows.where('w.project_id', 'in', query.visible);
    if (query.projectId !== undefined) rows = rows.where('w.project_id', '=', query.projectId);
    if (query.beforeId !== undefined) rows = rows.where('w.id', '<', query.beforeId);
    return (await rows.execute()).map(toWebhook);
  }

  /** @throws not_found */
  async get(id: string, db: Db | Tx = this.#deps.store.db): Promise<Webhook> {
    const row = await webhookQuery(db).where('w.id', '=', id).executeTakeFirst();
    if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'webhook', id } });
    return toWebhook(row);
  }

  /** @throws webhook_address_… */
  async create(
    body: z.output<typeof WebhookCreate>,
    actor: Actor,
  ): Promise<{ webhook: Webhook; secret: string }> {
    const { store, audit, settings } = this.#deps;
    checkUrl(body.url, await settings.read('webhooks'));
    const id = newId();
    const secret = newWebhookSecret();
    const { url, kinds, enabled, projectId } = body;
    const webhook = await store.transaction(async (tx) => {
      await tx
        .insertInto('webhook')
        .values({ id, project_id: projectId, url, secret, kinds, enabled })
        .execute();
      const subject = { kind: 'webhook', id };
      await audit.record(tx, {
        actor,
        action: 'webhook.create',
        subject,
        projectId,
        after: { url, kinds, enabled },
      });
      return await this.get(id, tx);
    });
    return { webhook, secret };
  }

  /** @throws not_found, webhook_address_… */
  async change(id: string, patch: z.output<typeof WebhookPatch>, actor: Actor): Promise<Webhook> {
    const { store, audit, settings } = this.#deps;
    if (patch.url !== undefined) checkUrl(patch.url, await settings.read('webhooks'));
    return await store.transaction(async (tx) => {
      const before = await this.get(id, tx);
      const { url = before.url, kinds = before.kinds, enabled = before.enabled } = patch;
      await tx.updateTable('webhook').set({ url, kinds, enabled }).where('id', '=', id).execute();
      await audit.record(tx, {
        actor,
        action: 'webhook.change',
        subject: { kind: 'webhook', id },
        projectId: before.projectId,
        before: { url: before.url, kinds: before.kinds, enabled: before.enabled },
        after: { url, kinds, enabled },
      });
      return await this.get(id, tx);
    });
  }

  async remove(id: string, actor: Actor): Promise<void> {
    const { store, audit } = this.#deps;
    await store.transaction(async (tx) => {
      const { url, kinds, enabled, projectId } = await this.get(id, tx);
      await tx.deleteFrom('webhook').where('id', '=', id).execute();
      const subject = { kind: 'webhook', id };
      await audit.record(tx, {
        actor,
        action: 'webhook.delete',
        subject,
        projectId,
        before: { url, kinds, enabled },
      });
    });
  }

  /** A new secret; deliveries are signed with it from now on. */
  async rotateSecret(id: string, actor: Actor): Promise<{ webhook: Webhook; secret: string }> {
    const { store, audit } = this.#deps;
    const secret = newWebhookSecret();
    const webhook = await store.transaction(async (tx) => {
      const found = await this.get(id, tx);
      await tx.updateTable('webhook').set({ secret }).where('id', '=', id).execute();
      const subject = { kind: 'webhook', id };
      await audit.record(tx, { actor, action: 'webhook.rotate', subject, projectId: found.projectId });
      return found;
    });
    return { webhook, secret };
  }

  /** The delivery log of a webhook, newest event first, with one too many. */
  async deliveries(query: {
    readonly webhookId: string;
    readonly state: WebhookDelivery['state'] | undefined;
    readonly beforeSeq: number | undefined;
    readonly limit: number;
  }): Promise<WebhookDelivery[]> {
    let rows = this.#deps.store.db
      .selectFrom('webhook_delivery')
      .selectAll()
      .where('webhook_id', '=', query.webhookId)
      .orderBy('event_seq', 'desc')
      .limit(query.limit + 1);
    if (query.state !== undefined) rows = rows.where('state', '=', query.state);
    if (query.beforeSeq !== undefined) rows = rows.where('event_seq', '<', query.beforeSeq);
    return (await rows.execute()).map(toDelivery);
  }

  /** Sends a delivery once more, with the whole schedule of retries before it. @throws not_found */
  async replay(webhookId: string, id: string, actor: Actor): Promise<WebhookDelivery> {
    const { store, audit } = this.#deps;
    return await store.transaction(async (tx) => {
      const webhook = await this.get(webhookId, tx);
      const row = await tx
        .updateTable('webhook_delivery')
        .set({ state: 'pending', attempts: 0, next_at: sql<Date>`now()`, error: null, status: null })
        .where('id', '=', id)
        .where('webhook_id', '=', webhookId)
        .returningAll()
        .executeTakeFirst();
      if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'delivery', id } });
      await audit.record(tx, {
        actor,
        action: 'webhook.replay',
        subject: { kind: 'webhook', id: webhookId },
        projectId: webhook.projectId,
        after: { delivery: id, eventSeq: row.event_seq },
      });
      return toDelivery(row);
    });
  }
}

function webhookQuery(db: Db | Tx) {
  return db
    .selectFrom('webhook as w')
    .select(['w.id', 'w.project_id', 'w.url', 'w.kinds', 'w.enabled', 'w.created_at'])
    .select((query) =>
      jsonObjectFrom(
        query
          .selectFrom('webhook_delivery as d')
          .select(['d.at', 'd.state', 'd.status'])
          .whereRef('d.webhook_id', '=', 'w.id')
          .where('d.attempts', '>', 0)
          .orderBy('d.event_seq', 'desc')
          .limit(1),
      ).as('last'),
    );
}

type WebhookRow = Awaited<ReturnType<ReturnType<typeof webhookQuery>['executeTakeFirstOrThrow']>>;

function toWebhook(row: WebhookRow): Webhook {
  return {
    id: row.id,
    projectId: row.project_id,
    url: row.url,
    kinds: row.kinds,
    enabled: row.enabled,
    createdAt: row.created_at.toISOString(),
    lastDelivery: row.last && {
      at: new Date(row.last.at).toISOString(),
      ok: row.last.state === 'delivered',
      status: row.last.status,
    },
  };
}

function toDelivery(row: Selectable<WebhookDeliveryTable>): WebhookDelivery {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    eventSeq: row.event_seq,
    eventKind: row.event_kind,
    state: row.state,
    attempts: row.attempts,
    nextAt: row.next_at?.toISOString() ?? null,
    status: row.status,
    error: row.error,
    durationMs: row.duration_ms,
    at: row.at.toISOString(),
  };
}
