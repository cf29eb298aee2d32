import { z } from 'zod';
import { FactDraft } from '../fact.ts';
import { ReportedFile } from '../holdings.ts';
import { Id } from '../id.ts';
import { DiskState, Progress } from '../link/messages.ts';
import { Traceparent } from '../trace/traceparent.ts';

/**
 * How an agent speaks with a host: JSON objects, one on a line, UTF-8, over a socket that the *host* serves, so that a
 * new agent finds it by the same path and goes on. A host serves one agent at a time; a new connection replaces the old.
 *
 * The host keeps what it has to tell about an allocation until that is acknowledged, and repeats it in its answer to
 * `attach`. So nothing is lost when an agent dies at any moment, and nothing has to be written to a disk for that.
 */

/** What an agent asks. Each is answered by one `HostReply` with the same id. */
export const HostRequest = z.discriminatedUnion('t', [
  /** Always first. */
  z.object({ id: z.number().int(), t: z.literal('attach'), v: z.literal(1) }),
  z.object({
    id: z.number().int(),
    t: z.literal('start'),
    allocation: Id,
    /** What the workload's executor prepared. */
    input: z.record(z.string(), z.unknown()),
    /** The allocation's work folder, absolute. */
    workDir: z.string(),
    inputsDir: z.string(),
  }),
  /** Asks an allocation to end. The end comes as an event. */
  z.object({
    id: z.number().int(),
    t: z.literal('stop'),
    allocation: Id,
    graceMs: z.number().int().nonnegative(),
  }),
  z.object({
    id: z.number().int(),
    t: z.literal('call'),
    allocation: Id,
    method: z.string().max(100),
    payload: z.unknown(),
    /** The span that asks. */
    traceparent: Traceparent,
  }),
  /** The end of this allocation is written down; the host may forget it. */
  z.object({ id: z.number().int(), t: z.literal('forget'), allocation: Id }),
  /** The report of this number is written down; the host need not repeat it. */
  z.object({
    id: z.number().int(),
    t: z.literal('noted'),
    allocation: Id,
    report: z.number().int().nonnegative(),
    /** The agent can't make sense of it (a file that is not there): why. The report is dropped. */
    refused: z.string().max(2_000).optional(),
  }),
  /** How full the disk is; told after `attach` and whenever it changes. */
  z.object({ id: z.number().int(), t: z.literal('disk'), state: DiskState }),
  z.object({ id: z.number().int(), t: z.literal('ping') }),
]);
export type HostRequest = z.infer<typeof HostRequest>;

/** How an allocation in a host ended. `failed` is what the workload makes of `result` and `message`. */
export const HostedEnd = z.object({
  outcome: z.enum(['ok', 'failed', 'stopped']),
  result: z.record(z.string(), z.unknown()).nullable(),
  message: z.string().max(2_000).optional(),
});
export type HostedEnd = z.infer<typeof HostedEnd>;

/** The answer to `attach`: what runs in the host, and what has ended and is not forgotten yet. */
export const HostState = z.object({
  allocations: z.array(z.object({ allocation: Id, end: HostedEnd.nullable() })),
  /** Requests beyond the first that this host understands: `disk`. A host outlives agents, also older ones. */
  features: z.array(z.string().max(60)).max(100).default([]),
});
export type HostState = z.infer<typeof HostState>;

export const HostReply = z.union([
  z.object({ id: z.number().int(), ok: z.literal(true), payload: z.unknown() }),
  z.object({
    id: z.number().int(),
    ok: z.literal(false),
    error: z.object({ code: z.string(), message: z.string() }),
  }),
]);
export type HostReply = z.infer<typeof HostReply>;

/** What a host says by itself. */
export const HostEvent = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ended'), allocation: Id, end: HostedEnd }),
  z.object({ event: z.literal('progress'), allocation: Id, progress: Progress }),
  /**
   * Finished files and facts, in order within an allocation, numbered by the host. Repeated after `attach` until it is
   * `noted`; `ended` is told only when all reports of the allocation are. Files stay where the agent keeps held bytes.
   */
  z.object({
    event: z.literal('report'),
    allocation: Id,
    report: z.number().int().nonnegative(),
    outputs: z.array(ReportedFile).max(200),
    events: z.array(FactDraft).max(200),
  }),
  /** For the control plane; may be lost. */
  z.object({ event: z.literal('notify'), allocation: Id, method: z.string().max(100), payload: z.unknown() }),
]);
export type HostEvent = z.infer<typeof HostEvent>;

export const HostMessage = z.union([HostReply, HostEvent]);
export type HostMessage = z.infer<typeof HostMessage>;

/** The environment variable that tells a host where to listen. */
export const hostSocketVariable = 'BACKLOT_HOST_SOCKET';
/** The one that tells a host the control plane's address, for pipes. */
export const hostControlVariable = 'BACKLOT_CONTROL_URL';
