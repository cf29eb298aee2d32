import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import type { LedgerFact, SegmentOutput } from '../../node/ledger/rows.ts';
import { Channel } from '../../node/recorder/channel.ts';
import type { ShardParts } from '../../node/recorder/channel-ports.ts';
import { WatchInput } from '../../node/recorder/watch-input.ts';
import { nodeDisk } from '../../node/segments/disk-port.ts';
import { DiskSync } from '../../node/segments/disk-sync.ts';
import { shardAdapters } from '../../node/shard/adapters.ts';
import { steadyWall } from '../../node/time/steady-wall.ts';

/** A channel in this process, with an agent that writes down what it is told. */
export interface BenchChannel {
  readonly channel: Channel;
  readonly workDir: string;
  readonly outputs: SegmentOutput[];
  readonly facts: LedgerFact[];
  details: Record<string, unknown>;
  stop(): Promise<void>;
  readonly done: Promise<unknown>;
}

export interface BenchOptions {
  readonly source: Record<string, unknown>;
  readonly rules?: Record<string, unknown>;
  readonly workDir?: string;
  readonly fence?: number;
  readonly parts?: Partial<ShardParts>;
  readonly diskState?: () => 'ok' | 'low' | 'full';
}

export const newFolder = (): string => mkdtempSync(join(tmpdir(), 'backlot-recorder-'));
export const dropFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

export async function runChannel(options: BenchOptions): Promise<BenchChannel> {
  const workDir = options.workDir ?? newFolder();
  const sync = new DiskSync(systemClock);
  const parts: ShardParts = {
    adapters: shardAdapters,
    clock: systemClock,
    random: Math.random,
    wall: steadyWall(systemClock),
    disk: nodeDisk,
    sync,
    onRead: () => {},
    env: {},
    ...options.parts,
  };
  const outputs: SegmentOutput[] = [];
  const facts: LedgerFact[] = [];
  const input = WatchInput.parse({
    rules: {
      channelId: '01930000-0000-7000-8000-000000000001',
      name: 'test',
      source: options.source,
      ...options.rules,
    },
    fence: options.fence ?? 1,
  });
  const bench: { details: Record<string, unknown> } = { details: {} };
  const channel = await Channel.open(
    input,
    parts,
    {
      id: 'a1',
      workDir,
      tell: async (report) => {
        outputs.push(...report.outputs);
        facts.push(...report.events);
      },
      progress: ({ detail }) => {
        bench.details = detail ?? {};
      },
      diskState: options.diskState ?? (() => 'ok'),
    },
    () => {},
  );
  const abort = new AbortController();
  const done = channel.run(abort.signal);
  return Object.assign(bench, {
    channel,
    workDir,
    outputs,
    facts,
    done,
    async stop() {
      abort.abort();
      await done;
      sync.close();
    },
  });
}
