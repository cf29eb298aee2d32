import type { IncomingMessage } from 'node:http';
import type { Call, ControlMessages, Hello, NodeLoad } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { linkCloseCodes } from '@backlot/contract/link/close-codes';
import type { PollAnswer, PollRequest } from '@backlot/contract/link/poll';
import type { Logger } from 'pino';
import { Counter, Gauge } from 'prom-client';
import type { WebSocket } from 'ws';
import type { NodesDependencies } from '../dependencies.ts';
import type { InventoryStore } from '../inventory/inventory-store.ts';
import { HeartbeatWriter } from '../leases/heartbeat-writer.ts';
import type { NodeRegistry } from '../leases/node-registry.ts';
import type { NodeSettings } from '../settings.ts';
import { CallHandlers } from './call-handlers.ts';
import { LinkDirectory } from './directory.ts';
import { type NodeMessage, NodeSession, type SessionOwner, type SignedIn } from './node-session.ts';
import { PollSessions } from './poll-sessions.ts';
import { Reconciler } from './reconciler.ts';
import { LinkRelay, type Relayed } from './relay.ts';
import { TokenRenewal } from './token-renewal.ts';
import type { LinkTransport, TransportEvents } from './transport.ts';
import { webSocketTransport } from './websocket-transport.ts';

/** What the server offers to agents by name; an agent uses what both know. */
export const serverFeatures = ['report-retry', 'log-tail', 'poll'] as const;

export interface LinkServerOptions {
  readonly deps: NodesDependencies;
  readonly settings: NodeSettings;
  readonly registry: NodeRegistry;
  readonly inventories: InventoryStore;
}

/** The control plane's end of all links: sessions, what they carry to which room, and back. */
export class LinkServer implements SessionOwner {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: NodeSettings;
  readonly directory = new LinkDirectory();
  readonly calls = new CallHandlers();
  readonly #deps: NodesDependencies;
  readonly #registry: NodeRegistry;
  readonly #inventories: InventoryStore;
  /** All sessions, also those that have not signed in yet. */
  readonly #sessions = new Set<NodeSession>();
  readonly #polls: PollSessions;
  readonly #heartbeats: HeartbeatWriter;
  readonly #relay: LinkRelay;
  readonly #reconciler: Reconciler;
  readonly #tokens: TokenRenewal;
  readonly #messages: Counter<'type'>;
  readonly #gauge: Gauge<'transport'>;
  #cancelTick: (() => void) | undefined;
  #closed = false;

  constructor({ deps, settings, registry, inventories }: LinkServerOptions) {
    this.#deps = deps;
    this.clock = deps.clock;
    this.log = deps.log.child({ room: 'nodes' });
    this.settings = settings;
    this.#registry = registry;
    this.#inventories = inventories;
    this.#polls = new PollSessions(deps.clock);
    this.#heartbeats = new HeartbeatWriter({
      db: deps.store.relaxed,
      clock: deps.clock,
      log: this.log,
      flushMs: settings.flushMs,
      leaseMs: settings.leaseMs,
      renewed: (nodeIds) => this.#renewed(nodeIds),
      refused: (nodes) => void this.#refused(nodes),
    });
    this.#relay = new LinkRelay(deps.fabric, {
      replica: deps.replica,
      directory: this.directory,
      sendHere: (nodeId, type, body) => this.sendHere(nodeId, type, body),
      callHere: (nodeId, call) => this.callHere(nodeId, call),
      connectedElsewhere: (nodeId) => this.#replacedElsewhere(nodeId),
    });
    this.#reconciler = new Reconciler({
      db: deps.store.db,
      reports: deps.reports,
      clock: deps.clock,
      log: this.log,
      stop: (nodeId, ref) => this.sendHere(nodeId, 'stop', { ...ref, graceMs: 0, why: 'stale' }),
    });
    this.#tokens = new TokenRenewal({
      db: deps.store.db,
      tokens: deps.tokens,
      clock: deps.clock,
      log: this.log,
      everyMs: settings.tokenRenewalMs,
      connected: () => this.directory.nodeIds(),
      send: (nodeId, body) => this.sendHere(nodeId, 'token', body),
    });
    this.#messages = new Counter({
      name: 'backlot_link_messages_total',
      help: 'Messages received from nodes, by type.',
      labelNames: ['type'],
      registers: [deps.metrics],
    });
    this.#gauge = new Gauge({
      name: 'backlot_link_connected',
      help: 'Nodes connected to this control process, by what carries the link.',
      labelNames: ['transport'],
      registers: [deps.metrics],
      collect: () => this.#count(),
    });
  }

  start(): void {
    this.#relay.start();
    this.#reconciler.start(() => this.directory.nodeIds());
    this.#tokens.start();
    this.#tick();
  }

  /** A socket at `/api/v1/node/link`. */
  connect(socket: WebSocket, request: IncomingMessage): void {
    this.#open((events) => webSocketTransport(socket, request, this.clock, events));
  }

  /** A request at `/api/v1/node/poll`. */
  poll(request: PollRequest, address: string, signal: AbortSignal): Promise<PollAnswer> {
    return this.#polls.poll(request, address, (transport) => this.#open(transport), signal);
  }

  send<T extends Relayed>(nodeId: string, type: T, body: ControlMessages[T]): boolean {
    const replica = this.directory.replica(nodeId);
    return replica === undefined
      ? this.sendHere(nodeId, type, body)
      : this.#relay.send(replica, nodeId, type, body);
  }

  sendHere<T extends Relayed>(nodeId: string, type: T, body: ControlMessages[T]): boolean {
    return this.directory.session(nodeId)?.send(type, body) ?? false;
  }

  call(nodeId: string, call: Call): Promise<unknown> {
    const replica = this.directory.replica(nodeId);
    return replica === undefined ? this.callHere(nodeId, call) : this.#relay.call(replica, nodeId, call);
  }

  async callHere(nodeId: string, call: Call): Promise<unknown> {
    const session = this.directory.session(nodeId);
    if (!session) throw new BacklotError(linkErrors.node_not_connected);
    return session.call(call);
  }

  /** Ends a node's link, wherever it ends: the node was removed. */
  disconnect(nodeId: string, code: number, reason: string): void {
    this.directory.session(nodeId)?.close(code, reason);
  }

  async signIn(hello: Hello, nonce: string, session: NodeSession): Promise<SignedIn> {
    const result = await this.#registry.signIn(hello, nonce);
    const allocations = await this.#deps
      .reports()
      .connected({ id: result.nodeId, epoch: result.epoch, bootId: hello.bootId });
    this.log.info(
      { nodeId: result.nodeId, name: result.name, epoch: result.epoch, address: session.address },
      'a node has signed in',
    );
    return {
      nodeId: result.nodeId,
      epoch: result.epoch,
      bootId: hello.bootId,
      welcome: {
        protocol: result.protocol,
        epoch: result.epoch,
        replica: this.#deps.replica,
        features: [...serverFeatures],
        heartbeatMs: this.settings.heartbeatMs,
        leaseMs: this.settings.leaseMs,
        selfFenceMs: this.settings.selfFenceMs,
        serverTime: new Date(this.clock.now()).toISOString(),
        allocations,
      },
    };
  }

  signedIn(session: NodeSession): void {
    const nodeId = session.identity?.nodeId;
    if (nodeId === undefined) return;
    const before = this.directory.add(nodeId, session);
    before?.close(linkCloseCodes.replaced, 'a newer connection of this node has taken over');
    this.#relay.announce(nodeId, true);
    // Its allocations' tokens may have run out while it was away.
    void this.#tokens.renew([nodeId]);
    this.#deps.placement().wake('node-changed');
  }

  async handle(session: NodeSession, message: NodeMessage): Promise<void> {
    const identity = session.identity;
    if (!identity) return;
    this.#messages.inc({ type: message.t });
    try {
      await this.#route(session, identity, message);
    } catch (error) {
      this.log.warn({ err: error, nodeId: identity.nodeId, type: message.t }, 'a link message failed');
      session.fail(message.id, error);
    }
  }

  closed(session: NodeSession, code: number, reason: string): void {
    this.#sessions.delete(session);
    const nodeId = session.identity?.nodeId;
    if (nodeId === undefined || !this.directory.remove(nodeId, session)) return;
    this.#reconciler.forget(nodeId);
    this.#relay.announce(nodeId, false);
    this.log.info({ nodeId, code, reason }, 'a node’s link has closed');
  }

  /** Tells all nodes to come back later, spread out, and ends their links. */
  async close(random: () => number): Promise<void> {
    this.#closed = true;
    this.#cancelTick?.();
    this.#reconciler.close();
    this.#tokens.close();
    this.#relay.close();
    // A few nodes may all come back at once; only a herd has to be spread.
    const spread = Math.min(this.settings.goawaySpreadMs, this.directory.size * 5);
    const sessions = [...this.#sessions];
    for (const session of sessions) {
      session.send('goaway', { retryAfterMs: Math.round(random() * spread), reason: 'restart' });
      session.close(linkCloseCodes.goingAway, 'the control plane closes');
    }
    this.#polls.close();
    await Promise.all(sessions.map((session) => session.settled()));
    await this.#heartbeats.close();
  }

  #open(makeTransport: (events: TransportEvents) => LinkTransport): void {
    const session = new NodeSession(this);
    const transport = makeTransport(session);
    if (this.#closed) {
      transport.close(linkCloseCodes.goingAway, 'the control plane closes');
      return;
    }
    this.#sessions.add(session);
    session.open(transport);
  }

  async #route(
    session: NodeSession,
    { nodeId, epoch, bootId }: SignedIn,
    message: NodeMessage,
  ): Promise<void> {
    const reports = this.#deps.reports();
    switch (message.t) {
      case 'heartbeat': {
        this.#heartbeats.record(nodeId, epoch, message.b.load);
        if (message.b.load) this.#show(nodeId, message.b.load);
        await this.#reconciler.heartbeat(nodeId, message.b);
        return;
      }
      case 'state': {
        session.send('ack', await reports.report(nodeId, message.b), { re: message.id });
        return;
      }
      case 'findings': {
        session.send('ack', await reports.findings(nodeId, message.b), { re: message.id });
        return;
      }
      case 'accept': {
        const { allocation, fence } = message.b;
        const verdict = await reports.accept(nodeId, message.b);
        session.send('ack', { allocation, fence, seq: 0, verdict }, { re: message.id });
        return;
      }
      case 'reject': {
        await reports.reject(nodeId, message.b);
        this.#deps.placement().wake('slot-free');
        return;
      }
      case 'progress':
        reports.progress(nodeId, message.b);
        return;
      case 'inventory': {
        await this.#registry.confirmEpoch(nodeId, epoch, bootId);
        const changed = await this.#inventories.put(nodeId, epoch, message.b);
        if (changed) this.#deps.placement().wake('node-changed');
        return;
      }
      case 'call':
        session.send('result', { payload: await this.calls.answer(nodeId, message.b) }, { re: message.id });
        return;
    }
  }

  #show(nodeId: string, load: NodeLoad): void {
    this.#deps.events.live(
      { kind: 'node.load', subject: { kind: 'node', id: nodeId }, body: { ...load } },
      null,
    );
  }

  #renewed(nodeIds: readonly string[]): void {
    for (const nodeId of nodeIds) {
      this.directory.session(nodeId)?.send('heartbeat-ack', { leaseMs: this.settings.leaseMs });
    }
  }

  async #refused(nodes: readonly { nodeId: string; epoch: number }[]): Promise<void> {
    for (const { nodeId, epoch } of nodes) {
      const session = this.directory.session(nodeId);
      if (session?.identity?.epoch !== epoch) continue;
      try {
        if (await this.#registry.revive(nodeId, epoch)) {
          await this.#deps.reports().connected({ id: nodeId, epoch, bootId: session.identity.bootId });
          this.#reconciler.forget(nodeId);
          this.#deps.placement().wake('node-changed');
        } else {
          session.close(linkCloseCodes.leaseEnded, 'the lease has ended; sign in again');
        }
      } catch (error) {
        this.log.warn({ err: error, nodeId }, 'a node’s lease could not be taken up again');
      }
    }
  }

  #replacedElsewhere(nodeId: string): void {
    this.directory.session(nodeId)?.close(linkCloseCodes.replaced, 'signed in at another replica');
  }

  #count(): void {
    let polls = 0;
    for (const [, session] of this.directory.sessions()) if (session.kind === 'poll') polls += 1;
    this.#gauge.set({ transport: 'poll' }, polls);
    this.#gauge.set({ transport: 'websocket' }, this.directory.size - polls);
  }

  #tick(): void {
    const every = Math.min(1_000, this.settings.pingMs / 2, this.settings.helloMs / 2);
    this.#cancelTick = this.clock.after(every, () => {
      const now = this.clock.monotonic();
      for (const session of this.#sessions) session.tick(now);
      this.#polls.tick();
      this.#tick();
    });
  }
}
