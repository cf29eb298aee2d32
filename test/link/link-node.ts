import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ControlMessages, Inventory } from '@backlot/contract';
import { systemClock } from '@backlot/contract/clock';
import type { BacklotError } from '@backlot/contract/errors/catalogue';
import { newId } from '@backlot/contract/id';
import { Identity } from '@backlot/node/agent/identity';
import { ensureJoined } from '@backlot/node/agent/join';
import { type ControlMessage, LinkClient } from '@backlot/node/link/link-client';
import pino from 'pino';

/** The node's end of the link, alone: a real identity, join and client; what the control plane says is noted. */
export interface LinkNode {
  readonly identity: Identity;
  readonly client: LinkClient;
  readonly welcomes: ControlMessages['welcome'][];
  readonly messages: ControlMessage[];
  readonly refusals: BacklotError[];
  downs(): number;
  /** Another agent with the same identity, perhaps by another way. */
  again(url?: string): Promise<LinkNode>;
  close(): Promise<void>;
}

export interface LinkNodeOptions {
  readonly url: string;
  readonly joinToken?: string;
  readonly dataDir?: string;
  readonly onMessage?: (node: LinkClient, message: ControlMessage) => void;
}

export async function startLinkNode(options: LinkNodeOptions): Promise<LinkNode> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'backlot-link-node-')));
  const log = pino({ level: process.env.BACKLOT_TEST_LOG ?? 'silent' });
  const identity = await Identity.open(dataDir, 'tester');
  const nodeId = await ensureJoined(identity, {
    controlUrl: options.url,
    joinToken: options.joinToken,
    agentVersion: '0.0.0-test',
    clock: systemClock,
    random: Math.random,
    log,
    signal: AbortSignal.timeout(20_000),
  });
  const welcomes: ControlMessages['welcome'][] = [];
  const messages: ControlMessage[] = [];
  const refusals: BacklotError[] = [];
  let downs = 0;
  const client: LinkClient = new LinkClient({
    controlUrl: options.url,
    identity: { nodeId, epoch: () => identity.epoch, sign: (text) => identity.sign(text) },
    bootId: newId(),
    agentVersion: '0.0.0-test',
    features: [],
    clock: systemClock,
    random: Math.random,
    log,
    events: {
      async welcome(welcome) {
        await identity.setEpoch(welcome.epoch);
        welcomes.push(welcome);
      },
      message(message) {
        messages.push(message);
        options.onMessage?.(client, message);
      },
      down: () => {
        downs += 1;
      },
      refused: (error) => void refusals.push(error),
    },
  });
  client.start();
  return {
    identity,
    client,
    welcomes,
    messages,
    refusals,
    downs: () => downs,
    again: (url = options.url) => startLinkNode({ ...options, url, dataDir }),
    async close() {
      client.close();
      if (!options.dataDir) await rm(dataDir, { recursive: true, force: true });
    },
  };
}

export function inventory(change: Partial<Inventory> = {}): Inventory {
  return {
    hash: newId(),
    hostname: 'tester',
    os: { platform: 'linux', release: '6.1', arch: 'x64' },
    cpu: { model: 'Test CPU', cores: 8 },
    capacity: { cpu: 8, memory: 16e9, disk: 100e9, gpus: [], packets: 0 },
    capabilities: [],
    labels: {},
    addresses: [],
    ...change,
  };
}

/** Waits until something is so; fails after `ms` with what was waited for. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  ms = 60_000,
): Promise<void> {
  const end = performance.now() + ms;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`Waited ${ms} ms in vain until ${what}.`);
    await systemClock.sleep(10);
  }
}
