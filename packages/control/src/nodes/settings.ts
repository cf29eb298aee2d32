import { usualSelfFenceMs } from '@backlot/contract/link/messages';

/** Intervals of the link and of leases, in milliseconds. Nodes are told those that concern them in `welcome`. */
export interface NodeSettings {
  /** How often a node sends a heartbeat. */
  readonly heartbeatMs: number;
  /** How long a heartbeat is good for, by the database's clock. Some three heartbeats. */
  readonly leaseMs: number;
  /** After a start of the control plane nothing is called unreachable for this long: nodes have to find it first. */
  readonly startGraceMs: number;
  /** When a node that can't renew its lease ends its own work; see `Welcome`. */
  readonly selfFenceMs: { readonly interactive: number; readonly batch: number };
  /** From the opened socket to a valid `hello`. */
  readonly helloMs: number;
  /** How often idle links are pinged. */
  readonly pingMs: number;
  /** A link on which nothing arrives for this long, not even a pong, is closed. */
  readonly silenceMs: number;
  /** Heartbeats are collected this long and written in one statement. */
  readonly flushMs: number;
  /** How often leases are looked through. */
  readonly sweepMs: number;
  /** How often a node's load is kept for its curves. */
  readonly sampleMs: number;
  /** How long those are kept. */
  readonly sampleRetentionMs: number;
  /** How often allocations get a fresh token; well within the life of one. */
  readonly tokenRenewalMs: number;
  /** When the control plane closes, its nodes come back spread over at most this long. */
  readonly goawaySpreadMs: number;
}

export const defaultNodeSettings: NodeSettings = {
  heartbeatMs: 3_000,
  leaseMs: 10_000,
  startGraceMs: 60_000,
  selfFenceMs: usualSelfFenceMs,
  helloMs: 10_000,
  pingMs: 10_000,
  silenceMs: 30_000,
  flushMs: 250,
  sweepMs: 1_000,
  sampleMs: 15_000,
  sampleRetentionMs: 24 * 3_600_000,
  tokenRenewalMs: 300_000,
  goawaySpreadMs: 30_000,
};
