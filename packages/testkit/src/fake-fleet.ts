import { createHash } from 'node:crypto';
import {
  type AllocationOutcome,
  type AllocationState,
  type Capability,
  type Clock,
  type ControlMessages,
  type Failure,
  type GpuCapacity,
  type Id,
  type Inventory,
  type NodeMessages,
  newId,
  type Offer,
  type Output,
  type StateReport,
} from '@backlot/contract';
import type { Db } from '@backlot/control/db/schema';
import type { NodeLinks, NodeReports } from '@backlot/control/kernel';
import { sql } from 'kysely';

/** What a fake node has. */
export interface FakeNodeSpec {
  readonly name?: string;
  readonly cpu?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly packets?: number;
  readonly gpus?: readonly { readonly vram: number; readonly encoderSessions?: number }[];
  readonly pool?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly capabilities?: readonly Pick<Capability, 'name' | 'features' | 'version'>[];
}

/** How an attempt ends on a fake node. `hang`: it goes on until it is stopped. */
export type FakeEnd =
  | {
      readonly outcome: 'ok';
      readonly result?: Record<string, unknown>;
      readonly outputs?: readonly string[];
    }
  | { readonly outcome: 'failed'; readonly failure: Failure; readonly outputs?: readonly string[] }
  | 'hang';

export interface FakeFleetOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly reports: () => NodeReports;
  /** What becomes of an offer that was accepted; hangs when left out. */
  readonly work?: (offer: Offer, node: FakeNode) => Promise<FakeEnd>;
  /** Answers an offer without accepting it. */
  readonly refuse?: (offer: Offer, node: FakeNode) => string | undefined;
}

/** An allocation as a node keeps it in its journal. */
export interface FakeAllocation {
  readonly offer: Offer;
  seq: number;
  state: AllocationState;
  /** Reports that were answered, with their verdicts. */
  readonly verdicts: string[];
}

export interface FakeNode {
  readonly id: Id;
  readonly name: string;
  readonly allocations: Map<Id, FakeAllocation>;
  /** False: the network is cut, messages are lost and reports wait. */
  connected: boolean;
}

/** A message that the control plane sent, for tests that look at the wire. */
export interface SentMessage {
  readonly nodeId: Id;
  readonly type: string;
  readonly body: { readonly allocation: Id; readonly fence: number };
  readonly at: number;
}

/**
 * Nodes that exist at the level of messages only: they take offers, keep a journal in memory, report in order and
 * repeat what was not answered, as a real agent does. Nothing runs on them. Everything behind the messages, the
 * database above all, is real.
 */
export class FakeFleet implements NodeLinks {
  readonly nodes = new Map<Id, FakeNode>();
  readonly sent: SentMessage[] = [];
  readonly #options: FakeFleetOptions;
  readonly #busy = new Set<Promise<void>>();
  #closed = false;

  constructor(options: FakeFleetOptions) {
    this.#options = options;
  }

  /** Adds a ready node with its inventory, lease and usage rows. */
  async add(spec: FakeNodeSpec = {}): Promise<FakeNode> {
    const [node] = await this.addMany([spec]);
    if (!node) throw new Error('No node was added.');
    return node;
  }

  /** The same for many at once. */
  async addMany(specs: readonly FakeNodeSpec[]): Promise<FakeNode[]> {
    const rows = specs.map((spec, position) => rowOf(spec, this.nodes.size + position + 1));
    await sql`
      INSERT INTO node (id, name, public_key, state, pool, labels, inventory, inventory_hash)
      SELECT id, name, 'fake', 'ready', pool, labels, inventory, 'fake'
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS r(id uuid, name text, pool text, labels jsonb, inventory jsonb)
    `.execute(this.#options.db);
    await sql`
      INSERT INTO node_lease (node_id, lease_until, seen_at)
      SELECT id, now() + interval '1 day', now() FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id uuid)
    `.execute(this.#options.db);
    await sql`
      INSERT INTO node_usage (node_id, cpu_total, memory_total, disk_total, packets_total)
      SELECT id, (c->>'cpu')::float8, (c->>'memory')::int8, (c->>'disk')::int8, (c->>'packets')::int8
      FROM (SELECT id, inventory->'capacity' AS c
            FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id uuid, inventory jsonb)) x
    `.execute(this.#options.db);
    await sql`
      INSERT INTO gpu_usage (node_id, index, name, vram_total, encoder_sessions_total)
      SELECT id, (g->>'index')::int, g->>'name', (g->>'vram')::int8, (g->>'encoderSessions')::int
      FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS r(id uuid, inventory jsonb),
           jsonb_array_elements(inventory->'capacity'->'gpus') g
    `.execute(this.#options.db);
    return rows.map((row) => {
      const node: FakeNode = { id: row.id, name: row.name, allocations: new Map(), connected: true };
      this.nodes.set(node.id, node);
      return node;
    });
  }

  connected(nodeId: Id): boolean {
    return this.nodes.get(nodeId)?.connected ?? false;
  }

  send<T extends 'offer' | 'stop' | 'freeze' | 'thaw' | 'token'>(
    nodeId: Id,
    type: T,
    body: ControlMessages[T],
  ): boolean {
    const node = this.nodes.get(nodeId);
    if (!node?.connected || this.#closed) return false;
    this.sent.push({ nodeId, type, body, at: this.#options.clock.monotonic() });
    this.#track(this.#receive(node, type, body));
    return true;
  }

  call(): Promise<unknown> {
    return Promise.reject(new Error('Fake nodes answer no calls.'));
  }

  /** The allocations that a node would name in its heartbeat, told to the control plane. */
  async heartbeat(node: FakeNode): Promise<void> {
    const end = await this.#options.reports().reconcile(node.id, {
      inventoryHash: 'fake',
      allocations: [...node.allocations.values()].map(({ offer, state, seq }) => ({
        allocation: offer.allocation,
        fence: offer.fence,
        state,
        seq,
      })),
    });
    for (const { allocation } of end) node.allocations.delete(allocation);
  }

  /** Reports a state, the next in order, and repeats until it is answered. */
  async report(
    node: FakeNode,
    allocation: FakeAllocation,
    state: AllocationState,
    rest: Partial<StateReport> = {},
  ): Promise<string> {
    allocation.seq += 1;
    allocation.state = state;
    const { offer, seq } = allocation;
    return this.deliver(node, allocation, {
      allocation: offer.allocation,
      fence: offer.fence,
      seq,
      state,
      outputs: [],
      ...rest,
    });
  }

  /** Delivers one report as often as it takes. */
  async deliver(node: FakeNode, allocation: FakeAllocation, report: StateReport): Promise<string> {
    for (let attempt = 0; !this.#closed; attempt += 1) {
      while (!node.connected && !this.#closed) await this.#options.clock.sleep(5);
      try {
        const { verdict } = await this.#options.reports().report(node.id, report);
        allocation.verdicts.push(verdict);
        if (verdict === 'stale') node.allocations.delete(report.allocation);
        return verdict;
      } catch (error) {
        if (attempt > 200) throw error;
        await this.#options.clock.sleep(5);
      }
    }
    return 'closed';
  }

  /** Ends an allocation that hangs. */
  async finish(node: FakeNode, allocationId: Id, end: Exclude<FakeEnd, 'hang'>): Promise<string> {
    const allocation = node.allocations.get(allocationId);
    if (!allocation) throw new Error(`${node.name} has no allocation ${allocationId}.`);
    return this.#end(node, allocation, end);
  }

  /** Waits until nothing is being delivered any more. */
  async quiet(): Promise<void> {
    while (this.#busy.size > 0) await Promise.allSettled(this.#busy);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.quiet();
  }

  #track(work: Promise<void>): void {
    const tracked: Promise<void> = work.finally(() => this.#busy.delete(tracked));
    this.#busy.add(tracked);
    // A failure of a fake shows as work that never ends; the test's own waiting reports it.
    tracked.catch(() => undefined);
  }

  async #receive(
    node: FakeNode,
    type: string,
    body: ControlMessages['offer' | 'stop' | 'freeze' | 'thaw' | 'token'],
  ): Promise<void> {
    await Promise.resolve();
    if (type === 'offer') return this.#offered(node, body as Offer);
    const allocation = node.allocations.get(body.allocation);
    if (!allocation || allocation.offer.fence !== body.fence || allocation.state === 'ended') return;
    if (type === 'stop') await this.#report(node, allocation, 'ended', { outcome: 'canceled' });
    if (type === 'freeze' && allocation.state === 'running') await this.report(node, allocation, 'frozen');
    if (type === 'thaw' && allocation.state === 'frozen') await this.report(node, allocation, 'running');
  }

  async #offered(node: FakeNode, offer: Offer): Promise<void> {
    if (node.allocations.has(offer.allocation)) return;
    const { allocation: id, fence } = offer;
    const why = this.#options.refuse?.(offer, node);
    const reports = this.#options.reports();
    if (why !== undefined) {
      const reason = { code: 'fake.refused', params: {}, message: why };
      return reports.reject(node.id, { allocation: id, fence, reason });
    }
    const allocation: FakeAllocation = { offer, seq: 0, state: 'accepted', verdicts: [] };
    node.allocations.set(id, allocation);
    if ((await reports.accept(node.id, { allocation: id, fence })) === 'stale') {
      node.allocations.delete(id);
      return;
    }
    if ((await this.report(node, allocation, 'running')) === 'stale') return;
    const end = await (this.#options.work?.(offer, node) ?? Promise.resolve('hang' as const));
    if (end !== 'hang' && !isEnded(allocation)) await this.#end(node, allocation, end);
  }

  async #end(node: FakeNode, allocation: FakeAllocation, end: Exclude<FakeEnd, 'hang'>): Promise<string> {
    const outputs: Output[] = [];
    for (const name of end.outputs ?? []) {
      outputs.push(await stageOutput(this.#options.db, allocation.offer.allocation, name));
    }
    return this.#report(node, allocation, 'ended', {
      outcome: end.outcome satisfies AllocationOutcome,
      outputs,
      usage: { wallMs: 10 },
      ...(end.outcome === 'ok' ? { result: end.result ?? {} } : { failure: end.failure }),
    });
  }

  async #report(
    node: FakeNode,
    allocation: FakeAllocation,
    state: AllocationState,
    rest: Partial<StateReport>,
  ): Promise<string> {
    const verdict = await this.report(node, allocation, state, rest);
    if (state === 'ended') node.allocations.delete(allocation.offer.allocation);
    return verdict;
  }
}

const isEnded = (allocation: FakeAllocation) => allocation.state === 'ended';

/** Puts bytes into the database's books as if they had been uploaded under an allocation. */
export async function stageOutput(db: Db, allocationId: Id, name: string): Promise<Output> {
  const content = Buffer.from(`${name} of a fake node`);
  const digest = createHash('sha256').update(content).digest('hex');
  await sql`INSERT INTO blob (digest, size) VALUES (${digest}, ${content.length}) ON CONFLICT DO NOTHING`.execute(
    db,
  );
  await sql`
    INSERT INTO staged_output (allocation_id, name, digest, size)
    VALUES (${allocationId}, ${name}, ${digest}, ${content.length}) ON CONFLICT DO NOTHING
  `.execute(db);
  return { name, kind: 'fake', digest, size: content.length, mediaType: 'text/plain', meta: {} };
}

const gigabyte = 1024 ** 3;

function rowOf(spec: FakeNodeSpec, number: number) {
  const gpus: GpuCapacity[] = (spec.gpus ?? []).map((gpu, index) => ({
    index,
    name: 'Fake GPU',
    vram: gpu.vram,
    encoderSessions: gpu.encoderSessions ?? 3,
  }));
  const capabilities: Capability[] = (spec.capabilities ?? []).map((capability) => ({
    ...capability,
    details: {},
    proof: 'a fake node is believed',
    provedAt: '2026-01-01T00:00:00.000Z',
  }));
  const name = spec.name ?? `node-${number}`;
  const inventory: Inventory = {
    hash: 'fake',
    hostname: name,
    os: { platform: 'linux', release: '6', arch: 'x64' },
    cpu: { model: 'fake', cores: Math.max(1, Math.round(spec.cpu ?? 4)) },
    capacity: {
      cpu: spec.cpu ?? 4,
      memory: spec.memory ?? 8 * gigabyte,
      disk: spec.disk ?? 100 * gigabyte,
      packets: spec.packets ?? 0,
      gpus,
    },
    capabilities,
    labels: {},
    addresses: [],
  };
  return { id: newId(), name, pool: spec.pool ?? 'default', labels: spec.labels ?? {}, inventory };
}

/** A heartbeat's list entry, for tests that write their own. */
export type ListedAllocation = NodeMessages['heartbeat']['allocations'][number];
