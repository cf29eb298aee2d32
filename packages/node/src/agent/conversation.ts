import type { Call, ControlMessages, Inventory } from '@backlot/contract';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { usualSelfFenceMs } from '@backlot/contract/link/messages';
import type { Tracer } from '@backlot/contract/trace/tracer';
import type { Logger } from 'pino';
import type { Allocations } from '../allocations/allocations.ts';
import { wordsOf } from '../allocations/failures.ts';
import type { ControlMessage, LinkClient, LinkEvents } from '../link/link-client.ts';
import type { Identity } from './identity.ts';
import { LeaseClock } from './lease-clock.ts';
import type { MachineReport } from './machine-report.ts';

export interface ConversationParts {
  readonly identity: Identity;
  readonly allocations: Allocations;
  readonly report: MachineReport;
  readonly clock: Clock;
  readonly log: Logger;
  readonly tracer: Tracer;
  /** Who answers calls that are about the node and not about an allocation, by method. */
  readonly nodeCalls: Readonly<Record<string, (call: Call) => Promise<unknown>>>;
  /** The link is up. */
  linkUp(): void;
  /** The link that this conversation is held over; made together with it. */
  readonly link: () => LinkClient;
  welcomed(): void;
  refused(error: BacklotError): void;
}

/** Until the control plane has told its own. */
const HEARTBEAT_MS = 3_000;
const NOTIFY_MS = 10_000;
/** After these the control plane has given the node's work away for good, or never will again know of it. */
const OUTCAST = new Set(['node_removed', 'node_epoch_stale']);

/** What the agent says to the control plane by itself (inventory, heartbeats), and what it does with what it is told. */
export class Conversation implements LinkEvents {
  readonly #parts: ConversationParts;
  readonly #lease = new LeaseClock();
  #heartbeatMs = HEARTBEAT_MS;
  #selfFenceMs: ControlMessages['welcome']['selfFenceMs'] = usualSelfFenceMs;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#lease.begun(this.#parts.clock.monotonic());
    this.#beat();
  }

  async welcome(welcome: ControlMessages['welcome']): Promise<void> {
    const { identity, allocations, report, clock, log } = this.#parts;
    await identity.setEpoch(welcome.epoch);
    this.#heartbeatMs = welcome.heartbeatMs;
    this.#selfFenceMs = welcome.selfFenceMs;
    this.#lease.begun(clock.monotonic());
    log.info({ epoch: welcome.epoch, replica: welcome.replica }, 'the link to the control plane is up');
    if (report.inventory) this.inventoryChanged(report.inventory);
    allocations.linkUp(welcome.allocations);
    this.#parts.linkUp();
    this.#beat();
    this.#parts.welcomed();
  }

  message(message: ControlMessage): void {
    const { allocations, log } = this.#parts;
    this.#act(message).catch((error: unknown) =>
      log.warn({ err: error, type: message.t }, 'a message failed'),
    );
    if (message.t === 'heartbeat-ack') this.#lease.renewed();
    else if (message.t === 'token') allocations.renewToken(message.b);
  }

  down(reason: string): void {
    this.#parts.log.info(
      { reason, allocations: this.#parts.allocations.size },
      'work goes on without the link',
    );
  }

  refused(error: BacklotError): void {
    this.#parts.refused(error);
    if (OUTCAST.has(error.code)) this.#parts.allocations.endAll();
  }

  inventoryChanged(inventory: Inventory): void {
    this.#parts.link().send('inventory', inventory);
  }

  /** A word from a host to its workload's control half; nobody waits for the answer. */
  async notify(allocation: string, method: string, payload: unknown): Promise<boolean> {
    const call = { allocation, method, payload, deadlineMs: NOTIFY_MS };
    try {
      await this.#parts.link().request('call', call, { timeoutMs: NOTIFY_MS });
      return true;
    } catch (error) {
      this.#parts.log.debug({ err: error, allocation, method }, 'a notification was not taken');
      return false;
    }
  }

  /** Something has changed that placement goes by: the next heartbeat is now. */
  soon(): void {
    this.#beat();
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
  }

  async #act(message: ControlMessage): Promise<void> {
    const { allocations } = this.#parts;
    switch (message.t) {
      case 'offer':
        return allocations.offer(message.b);
      case 'stop':
        return allocations.stop(message.b);
      case 'freeze':
        return allocations.freeze(message.b);
      case 'thaw':
        return allocations.thaw(message.b);
      case 'call':
        return this.#answer(message.b, message.id);
      default:
        return undefined;
    }
  }

  async #answer(call: Call, id: string | undefined): Promise<void> {
    const { tracer, allocations, nodeCalls } = this.#parts;
    const link = this.#parts.link();
    try {
      const attributes = { 'backlot.allocation': call.allocation };
      const answer = await tracer.span(
        call.method,
        { kind: 'server', parent: call.traceparent, attributes },
        (span) => {
          const traced = { ...call, traceparent: span.traceparent };
          return nodeCalls[call.method]?.(traced) ?? allocations.call(traced);
        },
      );
      const payload = answer ?? null;
      link.send('result', { payload }, { re: id });
    } catch (error) {
      const typed =
        error instanceof BacklotError
          ? error
          : new BacklotError(linkErrors.call_failed, {
              params: { method: call.method, reason: wordsOf(error) },
              cause: error,
            });
      link.fail(id, typed);
    }
  }

  /** Says that the node is there, and ends work whose lease is long over. Goes on without a link: then for the latter. */
  #beat(): void {
    this.#cancel?.();
    if (this.#closed) return;
    this.#cancel = this.#parts.clock.after(this.#heartbeatMs, () => this.#beat());
    void this.#heartbeat().catch((error: unknown) =>
      this.#parts.log.warn({ err: error }, 'a heartbeat failed'),
    );
  }

  async #heartbeat(): Promise<void> {
    const { allocations, report, clock } = this.#parts;
    const silent = this.#lease.silentMs(clock.monotonic());
    if (silent !== undefined) await allocations.fence(silent, this.#selfFenceMs);
    const link = this.#parts.link();
    if (!link.connected) return;
    const load = await report.load();
    this.#lease.sent(clock.monotonic());
    link.send('heartbeat', {
      inventoryHash: report.inventory?.hash ?? '',
      load,
      allocations: allocations.list(),
    });
  }
}
