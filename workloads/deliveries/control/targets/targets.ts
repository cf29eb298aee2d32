import { BacklotError, kernelErrors, newId } from '@backlot/contract';
import { type Actor, checkUrl, type Kernel, newWebhookSecret, type Tx } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { z } from 'zod';
import {
  addressSettings,
  type DeliveryTarget,
  deliveryErrors,
  hasSignIn,
  keepStored,
  shownSettings,
  signInFields,
  type TargetCreate,
  type TargetKind,
  TargetLimits,
  type TargetPatch,
  targetShapes,
} from '../../contract.ts';
import { afterSwitchOff, afterSwitchOn } from '../outbox/switched.ts';
import { addressPolicy } from '../senders/address-policy.ts';
import { type TargetRow, tables } from '../tables.ts';
import { destinationOf, refuseOldSecrets } from './destination.ts';
import { refuseInFlows, refuseNamed } from './named-by-flows.ts';
import { seal, sealPurpose, unseal } from './seal.ts';

/** Targets: kept, sealed, shown without their secrets. Every change writes its event and its audit row. */
export class Targets {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async projectOf(id: string): Promise<string | null> {
    const row = await tables(this.#kernel.db)
      .selectFrom('delivery_target')
      .select('project_id')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.project_id ?? null;
  }

  /** Newest first, one too many. */
  async list(query: {
    readonly visible: 'all' | readonly string[];
    /** Projects in which whoever asks may change targets. */
    readonly changes: 'all' | readonly string[];
    readonly projectId?: string | undefined;
    readonly kind?: TargetKind | undefined;
    readonly beforeId?: string | undefined;
    readonly limit: number;
  }): Promise<DeliveryTarget[]> {
    if (query.visible !== 'all' && query.visible.length === 0) return [];
    let rows = targetQuery(this.#kernel.db)
      .orderBy('t.id', 'desc')
      .limit(query.limit + 1);
    if (query.visible !== 'all') rows = rows.where('t.project_id', 'in', query.visible);
    if (query.projectId !== undefined) rows = rows.where('t.project_id', '=', query.projectId);
    if (query.kind !== undefined) rows = rows.where('t.kind', '=', query.kind);
    if (query.beforeId !== undefined) rows = rows.where('t.id', '<', query.beforeId);
    return (await rows.execute()).map((row) => viewTarget(row, query.changes));
  }

  /**
   * @param changes projects in which whoever asks may change targets
   * @throws not_found
   */
  async get(id: string, changes: 'all' | readonly string[]): Promise<DeliveryTarget> {
    return viewTarget(await this.#row(id, this.#kernel.db), changes);
  }

  async #row(id: string, db: Kernel['db'] | Tx): Promise<TargetRow & { readonly waiting: number }> {
    const row = await targetQuery(db).where('t.id', '=', id).executeTakeFirst();
    if (!row) throw new BacklotError(kernelErrors.not_found, { params: { what: 'delivery target', id } });
    return row;
  }

  /** @throws invalid_input, delivery_target_name_taken, delivery_target_address_…, webhook_address_… */
  async create(body: z.output<typeof TargetCreate>, actor: Actor): Promise<DeliveryTarget> {
    const { kernel, id } = { kernel: this.#kernel, id: newId() };
    const given = body.kind === 'webhook' && !body.secrets.secret ? { secret: newWebhookSecret() } : {};
    const secrets = checkSecrets(body.kind, { ...body.secrets, ...given });
    const settings = checkSettings(body.kind, body.settings);
    refuseSignIns(body.kind, settings);
    await this.#checkAddresses(body.kind, settings, secrets);
    const sealed = seal(secrets, await kernel.key(sealPurpose), id);
    const { projectId, name, kind, limits, enabled } = body;
    return await kernel.transaction(async (tx) => {
      await this.#refuseTaken(tx, projectId, name, id);
      await tables(tx)
        .insertInto('delivery_target')
        .values({
          id,
          project_id: projectId,
          name,
          kind,
          settings: JSON.stringify(settings),
          sealed,
          secret_names: Object.keys(secrets).sort(),
          limits: JSON.stringify(limits),
          enabled,
        })
        .execute();
      const made = viewTarget(await this.#row(id, tx), 'all');
      await this.#note(tx, 'created', actor, undefined, made);
      return made;
    });
  }

  /** @throws not_found, invalid_input, delivery_target_name_taken, delivery_target_named, delivery_target_secrets_needed, delivery_target_address_…, webhook_address_… */
  async change(id: string, patch: z.output<typeof TargetPatch>, actor: Actor): Promise<DeliveryTarget> {
    const kernel = this.#kernel;
    const key = await kernel.key(sealPurpose);
    const row = await this.#row(id, kernel.db);
    const before = viewTarget(row, 'all');
    const { kind } = before;
    const settings =
      patch.settings === undefined
        ? row.settings
        : checkSettings(kind, keepStored(kind, patch.settings, row.settings));
    refuseSignIns(kind, settings, row.settings);
    if (destinationOf(settings) !== destinationOf(row.settings)) refuseOldSecrets(before, patch.secrets);
    const secrets = await this.#changedSecrets(id, kind, patch.secrets);
    await this.#checkAddresses(kind, settings, secrets);
    const limits = TargetLimits.parse({ ...before.limits, ...patch.limits });
    const { name = before.name, enabled = before.enabled } = patch;
    return await kernel.transaction(async (tx) => {
      await this.#refuseTaken(tx, before.projectId, name, id);
      if (name !== before.name) await refuseNamed(tx, before, name);
      // Messages before their target, as the outbox locks them.
      const switched = { id, projectId: before.projectId, name };
      if (before.enabled && !enabled) await afterSwitchOff(tx, switched);
      if (!before.enabled && enabled) await afterSwitchOn(tx, switched);
      await tables(tx)
        .updateTable('delivery_target')
        .set({
          name,
          enabled,
          settings: JSON.stringify(settings),
          limits: JSON.stringify(limits),
          sealed: seal(secrets, key, id),
          secret_names: Object.keys(secrets).sort(),
          changed_at: sql<Date>`now()`,
        })
        .where('id', '=', id)
        .execute();
      const after = viewTarget(await this.#row(id, tx), 'all');
      await this.#note(tx, 'changed', actor, before, after, Object.keys(patch.secrets ?? {}));
      return after;
    });
  }

  /** @throws not_found, delivery_target_in_use while something waits for it, delivery_target_in_flows */
  async remove(id: string, actor: Actor): Promise<void> {
    await this.#kernel.transaction(async (tx) => {
      const before = viewTarget(await this.#row(id, tx), 'all');
      if (before.waiting > 0) {
        const params = { name: before.name, waiting: before.waiting };
        throw new BacklotError(deliveryErrors.delivery_target_in_use, { params });
      }
      await refuseInFlows(tx, before);
      await tables(tx).deleteFrom('delivery_target').where('id', '=', id).execute();
      await this.#note(tx, 'removed', actor, before, undefined);
    });
  }

  /**
   * For those who act on it; never for an answer. Undefined when they were sealed with another key, as in a database that
   * was restored without its own: whoever gives them again mends that.
   */
  async secretsOf(row: Pick<TargetRow, 'id' | 'sealed'>): Promise<Record<string, string> | undefined> {
    const key = await this.#kernel.key(sealPurpose);
    try {
      return unseal(row.sealed, key, row.id);
    } catch {
      return undefined;
    }
  }

  async #changedSecrets(
    id: string,
    kind: TargetKind,
    changes: Readonly<Record<string, string | null>> | undefined,
  ): Promise<Record<string, string>> {
    const row = await tables(this.#kernel.db)
      .selectFrom('delivery_target')
      .select(['id', 'sealed'])
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    const known = (await this.secretsOf(row)) ?? {};
    const merged = Object.entries({ ...known, ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== null,
    );
    return checkSecrets(kind, Object.fromEntries(merged));
  }

  /** Addresses that the control plane itself will call; those of nodes are checked there. */
  async #checkAddresses(
    kind: TargetKind,
    settings: Readonly<Record<string, unknown>>,
    secrets: Readonly<Record<string, string>>,
  ): Promise<void> {
    if (kind === 's3' || kind === 'webdav' || kind === 'rclone' || kind === 'folder') return;
    const policy = await addressPolicy(this.#kernel.db);
    for (const address of [settings.url, settings.server, kind === 'discord' ? secrets.url : undefined]) {
      if (typeof address === 'string') checkUrl(address, policy);
    }
  }

  async #refuseTaken(tx: Tx, projectId: string, name: string, id: string): Promise<void> {
    const taken = await tables(tx)
      .selectFrom('delivery_target')
      .select('id')
      .where('project_id', '=', projectId)
      .where('name', '=', name)
      .where('id', '<>', id)
      .executeTakeFirst();
    if (taken)
      throw new BacklotError(deliveryErrors.delivery_target_name_taken, {
        params: { name },
        pointer: 'body.name',
      });
  }

  async #note(
    tx: Tx,
    what: 'created' | 'changed' | 'removed',
    actor: Actor,
    before: DeliveryTarget | undefined,
    after: DeliveryTarget | undefined,
    changedSecrets: readonly string[] = [],
  ): Promise<void> {
    const shown = after ?? before;
    if (!shown) return;
    const subject = { kind: 'delivery-target', id: shown.id };
    await this.#kernel.audit.record(tx, {
      actor,
      action: `delivery-target.${what}`,
      subject,
      projectId: shown.projectId,
      before: before && audited(before),
      after: after && { ...audited(after), ...(changedSecrets.length > 0 ? { changedSecrets } : {}) },
    });
    await this.#kernel.events.append(tx, [
      {
        projectId: shown.projectId,
        kind: `deliveries.target.${what}`,
        subject,
        body: { name: shown.name, targetKind: shown.kind },
      },
    ]);
  }
}

/**
 * What is stored already stays: nobody is shown it, and its deliveries go on.
 * @throws delivery_target_address_sign_in, delivery_target_address_no_sign_in
 */
function refuseSignIns(
  kind: TargetKind,
  settings: Readonly<Record<string, unknown>>,
  stored: Readonly<Record<string, unknown>> = {},
): void {
  const name = addressSettings.find((one) => hasSignIn(settings[one]) && settings[one] !== stored[one]);
  if (name === undefined) return;
  const fields = signInFields[kind];
  throw new BacklotError(
    fields
      ? deliveryErrors.delivery_target_address_sign_in
      : deliveryErrors.delivery_target_address_no_sign_in,
    { params: { kind, fields: fields?.join(', ') ?? '' }, pointer: `body.settings.${name}` },
  );
}

/** What of a target the audit keeps: names of secrets, never their values. */
function audited({ name, kind, settings, limits, enabled, secretNames }: DeliveryTarget) {
  return { name, kind, settings, limits, enabled, secretNames };
}

function checkSettings(
  kind: TargetKind,
  settings: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  return parsed(targetShapes[kind].settings, settings, 'settings');
}

function checkSecrets(kind: TargetKind, secrets: Readonly<Record<string, string>>): Record<string, string> {
  return parsed(targetShapes[kind].secrets, secrets, 'secrets') as Record<string, string>;
}

/** @throws invalid_input with one issue for each place; a secret's value is never in it */
function parsed(schema: z.ZodObject, value: unknown, root: string): Record<string, unknown> {
  const result = schema.strict().safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map((issue) => ({
    pointer: ['body', root, ...issue.path.map(String)].join('.'),
    message: issue.message,
  }));
  const [first] = issues;
  throw new BacklotError(kernelErrors.invalid_input, {
    params: { reason: first ? `${first.pointer}: ${first.message}` : root },
    issues,
    ...(first ? { pointer: first.pointer } : {}),
  });
}

function targetQuery(db: Kernel['db'] | Tx) {
  return tables(db)
    .selectFrom('delivery_target as t')
    .selectAll('t')
    .select(
      sql<number>`(
        SELECT count(*)::int FROM delivery_message m WHERE m.target_id = t.id AND m.state = 'pending'
      ) + (
        SELECT count(*)::int FROM task k
        WHERE k.project_id = t.project_id AND k.kind IN ('deliveries.upload', 'deliveries.verify')
          AND k.ended_at IS NULL AND k.spec -> 'parameters' ->> 'target' IN (t.name, t.id::text)
      )`.as('waiting'),
    );
}

function viewTarget(
  row: TargetRow & { readonly waiting: number },
  changes: 'all' | readonly string[],
): DeliveryTarget {
  const mine = changes === 'all' || changes.includes(row.project_id);
  return {
    id: row.id,
    projectId: row.project_id,
    name: row.name,
    kind: row.kind,
    settings: shownSettings(row.kind, row.settings, mine),
    secretNames: row.secret_names,
    limits: row.limits,
    enabled: row.enabled,
    health: row.health,
    healthSince: row.health_since?.toISOString() ?? null,
    fault: row.fault,
    waiting: row.waiting,
    createdAt: row.created_at.toISOString(),
    changedAt: row.changed_at.toISOString(),
  };
}
