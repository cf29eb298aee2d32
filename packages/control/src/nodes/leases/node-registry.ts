import type { Hello } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { proofText } from '@backlot/contract/link/proof';
import { nodeMachine } from '@backlot/contract/states/node';
import { sql } from 'kysely';
import type { NodeRow, Tx } from '../../db/schema.ts';
import { type Actor, systemActor } from '../../kernel.ts';
import type { NodesDependencies } from '../dependencies.ts';
import { type Admission, admit } from '../link/admission.ts';
import { proofFits } from '../link/proof.ts';
import type { NodeSettings } from '../settings.ts';
import { flappingRule, quarantineFor } from './flapping.ts';

/** A node as an actor, for the audit. */
export function nodeActor(node: { readonly id: string; readonly name: string }): Actor {
  return { kind: 'node', id: node.id, name: node.name, grants: [], scopes: [], language: 'en' };
}

export interface SignInResult extends Admission {
  readonly nodeId: string;
  readonly name: string;
}

/** The state of nodes in the database: every change of it is one of these methods, and each is one transaction. */
export class NodeRegistry {
  readonly #deps: NodesDependencies;
  readonly #settings: NodeSettings;
  readonly #clock: Clock;
  /** Monotonic times at which nodes came back from unreachable. */
  readonly #returns = new Map<string, number[]>();

  constructor(deps: NodesDependencies, settings: NodeSettings) {
    this.#deps = deps;
    this.#settings = settings;
    this.#clock = deps.clock;
  }

  /**
   * Checks a node's proof and lets it in. An unknown node and a wrong signature are told apart to nobody.
   *
   * @throws link_proof_invalid and what `admit` throws
   */
  async signIn(hello: Hello, nonce: string): Promise<SignInResult> {
    const { db } = this.#deps.store;
    const key = await db
      .selectFrom('node')
      .select('public_key')
      .where('id', '=', hello.nodeId)
      .executeTakeFirst();
    if (!key || !proofFits(key.public_key, proofText({ nonce }, hello), hello.proof)) {
      throw new BacklotError(linkErrors.link_proof_invalid);
    }
    const result = await this.#deps.store.transaction(async (tx) => {
      const node = await lock(tx, hello.nodeId);
      if (!node) throw new BacklotError(linkErrors.link_proof_invalid);
      const admission = admit({ state: node.state, epoch: node.epoch, bootId: node.boot_id }, hello);
      await this.#makeReady(tx, node, admission, hello);
      return { ...admission, nodeId: node.id, name: node.name };
    });
    this.#deps.events.wake();
    return result;
  }

  /** The node has shown that it knows its epoch; from now on only this epoch will do. */
  async confirmEpoch(nodeId: string, epoch: number, bootId: string): Promise<void> {
    await this.#deps.store.db
      .updateTable('node')
      .set({ boot_id: bootId })
      .where('id', '=', nodeId)
      .where('epoch', '=', epoch)
      .where('boot_id', 'is', null)
      .execute();
  }

  /**
   * A heartbeat came from a node whose lease had passed. Within the same epoch it simply goes on.
   *
   * @returns false when its work was given away: it has to sign in anew
   */
  async revive(nodeId: string, epoch: number): Promise<boolean> {
    const revived = await this.#deps.store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (!node || node.epoch !== epoch) return false;
      if (node.state === 'ready') return true;
      if (node.state !== 'unreachable') return false;
      await this.#makeReady(tx, node, { epoch, newEpoch: false }, undefined);
      return true;
    });
    if (revived) this.#deps.events.wake();
    return revived;
  }

  /** Ready nodes whose lease has passed, by the database's clock, become unreachable. */
  async expireLeases(): Promise<string[]> {
    const { rows } = await sql<{ id: string }>`
      SELECT n.id FROM node n JOIN node_lease l ON l.node_id = n.id
      WHERE n.state = 'ready' AND l.lease_until < now() ORDER BY n.id LIMIT 500
    `.execute(this.#deps.store.db);
    const expired: string[] = [];
    for (const { id } of rows) if (await this.#expire(id)) expired.push(id);
    if (expired.length > 0) this.#deps.events.wake();
    return expired;
  }

  /** Nodes that stayed away longer than any class of work may wait are lost. */
  async giveUp(lostAfterMs: ReadonlyMap<string, number>): Promise<string[]> {
    const pools = [...lostAfterMs.keys()];
    const seconds = [...lostAfterMs.values()].map((ms) => ms / 1000);
    const { rows } = await sql<{ id: string }>`
      SELECT n.id FROM node n
      JOIN unnest(${pools}::text[], ${seconds}::float8[]) AS limits(pool, seconds) ON limits.pool = n.pool
      WHERE n.state = 'unreachable' AND n.unreachable_since + make_interval(secs => limits.seconds) < now()
      ORDER BY n.id LIMIT 500
    `.execute(this.#deps.store.db);
    const lost: string[] = [];
    for (const { id } of rows) if (await this.#lose(id)) lost.push(id);
    if (lost.length > 0) this.#deps.events.wake();
    return lost;
  }

  /**
   * After a start, and after the database or this process was away for long: what was not heard meanwhile says
   * nothing about the nodes. With several replicas this only makes the next detection later.
   */
  async grace(): Promise<void> {
    await this.#deps.store.transaction(async (tx) => {
      await sql`
        UPDATE node_lease l
        SET lease_until = GREATEST(l.lease_until, now() + make_interval(secs => ${this.#settings.startGraceMs / 1000}))
        FROM node n WHERE n.id = l.node_id AND n.state = 'ready'
      `.execute(tx);
      await sql`UPDATE node SET unreachable_since = now() WHERE state = 'unreachable'`.execute(tx);
    });
  }

  /** An operator takes a node out: its key opens nothing any more, and its work is given to others. */
  async remove(nodeId: string, actor: Actor): Promise<NodeRow | undefined> {
    const removed = await this.#deps.store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (!node || node.state === 'removed') return undefined;
      nodeMachine.assert(node.state, 'removed');
      await tx
        .updateTable('node')
        .set({ state: 'removed', replica: null })
        .where('id', '=', nodeId)
        .execute();
      await this.#deps.reports().lost(tx, nodeId);
      await this.#changed(tx, node, 'node.removed', { state: 'removed' });
      await this.#deps.audit.record(tx, {
        actor,
        action: 'node.remove',
        subject: { kind: 'node', id: nodeId },
        before: { name: node.name, state: node.state, pool: node.pool },
        after: { state: 'removed' },
      });
      return node;
    });
    if (removed) this.#deps.events.wake();
    return removed;
  }

  async #makeReady(
    tx: Tx,
    node: NodeRow,
    admission: Pick<Admission, 'epoch' | 'newEpoch'>,
    hello: Hello | undefined,
  ): Promise<void> {
    if (node.state !== 'ready') nodeMachine.assert(node.state, 'ready');
    // An agent that was started anew is no sign of a bad way: its work went on without it.
    const sameAgent = hello === undefined || hello.bootId === node.boot_id;
    const returns = sameAgent && (node.state === 'unreachable' || node.state === 'lost');
    const quarantineMs = returns ? this.#returned(node.id) : 0;
    await tx
      .updateTable('node')
      .set({
        state: 'ready',
        epoch: admission.epoch,
        unreachable_since: null,
        replica: this.#deps.replica,
        ...(admission.epoch !== node.epoch
          ? { boot_id: null }
          : hello && node.boot_id !== null
            ? { boot_id: hello.bootId }
            : {}),
        ...(hello ? { agent_version: hello.agentVersion } : {}),
        ...(quarantineMs > 0
          ? { quarantine_until: sql<Date>`now() + make_interval(secs => ${quarantineMs / 1000})` }
          : {}),
      })
      .where('id', '=', node.id)
      .execute();
    await sql`
      INSERT INTO node_lease (node_id, lease_until, seen_at)
      VALUES (${node.id}, now() + make_interval(secs => ${this.#settings.leaseMs / 1000}), now())
      ON CONFLICT (node_id) DO UPDATE SET lease_until = EXCLUDED.lease_until, seen_at = EXCLUDED.seen_at
    `.execute(tx);
    if (node.state === 'ready') return;
    await this.#changed(tx, node, 'node.ready', {
      state: 'ready',
      before: node.state,
      epoch: admission.epoch,
      ...(quarantineMs > 0 ? { quarantineMs } : {}),
    });
    if (!admission.newEpoch && quarantineMs === 0) return;
    await this.#deps.audit.record(tx, {
      actor: nodeActor(node),
      action: quarantineMs > 0 ? 'node.quarantine' : 'node.return',
      subject: { kind: 'node', id: node.id },
      before: { state: node.state, epoch: node.epoch },
      after: { state: 'ready', epoch: admission.epoch, ...(quarantineMs > 0 ? { quarantineMs } : {}) },
    });
  }

  /** Counts a return, and says how long the node is to be kept from new work. */
  #returned(nodeId: string): number {
    const now = this.#clock.monotonic();
    const returns = [...(this.#returns.get(nodeId) ?? []), now].filter(
      (at) => now - at < flappingRule.withinMs,
    );
    this.#returns.set(nodeId, returns);
    return quarantineFor(returns, now);
  }

  #expire(nodeId: string): Promise<boolean> {
    return this.#deps.store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (node?.state !== 'ready') return false;
      const lease = await tx
        .selectFrom('node_lease')
        .select(sql<boolean>`lease_until < now()`.as('passed'))
        .where('node_id', '=', nodeId)
        .executeTakeFirst();
      if (!lease?.passed) return false;
      await tx
        .updateTable('node')
        .set({ state: 'unreachable', unreachable_since: sql<Date>`now()`, replica: null })
        .where('id', '=', nodeId)
        .execute();
      await this.#deps.reports().unreachable(tx, nodeId);
      await this.#changed(tx, node, 'node.unreachable', { state: 'unreachable', epoch: node.epoch });
      return true;
    });
  }

  #lose(nodeId: string): Promise<boolean> {
    return this.#deps.store.transaction(async (tx) => {
      const node = await lock(tx, nodeId);
      if (node?.state !== 'unreachable') return false;
      await tx.updateTable('node').set({ state: 'lost' }).where('id', '=', nodeId).execute();
      await this.#deps.reports().lost(tx, nodeId);
      await this.#changed(tx, node, 'node.lost', { state: 'lost', epoch: node.epoch });
      await this.#deps.audit.record(tx, {
        actor: systemActor,
        action: 'node.lost',
        subject: { kind: 'node', id: nodeId },
        before: { state: 'unreachable', since: node.unreachable_since },
        after: { state: 'lost' },
      });
      return true;
    });
  }

  #changed(tx: Tx, node: NodeRow, kind: string, body: Record<string, unknown>): Promise<void> {
    return this.#deps.events.append(tx, [
      { projectId: null, kind, subject: { kind: 'node', id: node.id }, body: { name: node.name, ...body } },
    ]);
  }
}

/**
 * Locks a node's row against other changes of its state. Not FOR UPDATE: placing work takes a key-share lock on the
 * row through the foreign key of `allocation`, and the two must not wait for each other.
 */
export function lock(tx: Tx, nodeId: string): Promise<NodeRow | undefined> {
  return tx.selectFrom('node').selectAll().where('id', '=', nodeId).forNoKeyUpdate().executeTakeFirst();
}
