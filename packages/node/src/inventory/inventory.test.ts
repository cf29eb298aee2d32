import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { Inventory, NodeLoad } from '@backlot/contract/link/messages';
import fc from 'fast-check';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { createRunCommand } from '../probes/run-command.ts';
import { systemProcessTable } from '../processes/system-process-table.ts';
import { GpuMonitor } from './gpu-monitor.ts';
import { diskToGive, hashOf, memoryToGive, packetsToGive, readGpus, readInventory } from './inventory.ts';
import { parseCpu, parseMemory, parseNetwork } from './linux-load.ts';
import { LoadSampler, loadBetween } from './load-sampler.ts';
import { encoderSessionsOf, parseGpuInventory, parseGpuLoad } from './nvidia.ts';
import { readPortableCounters } from './portable-load.ts';

const folder = mkdtempSync(join(tmpdir(), 'backlot-inventory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const run = createRunCommand({
  table: systemProcessTable(),
  clock: systemClock,
  owner: 'inventory-test',
  instance: 'test',
});
const noGpus = { gpus: [], driverVersion: undefined, program: undefined };
const gib = 1024 ** 3;

describe('GPUs as nvidia-smi prints them', () => {
  it('are read, with names that hold commas, and without what is not a GPU', () => {
    const printed = [
      'Warning: something about persistence mode',
      '0, GPU-3d2ad0dd-9c5f-4a6e-9f4f-0a6a3e6d4b11, NVIDIA GeForce RTX 4090, 24564, 550.127.05',
      '1, GPU-0f1b3e51-1111-2222-3333-444455556666, NVIDIA RTX 6000, Ada Generation, 49140, 550.127.05',
      '2, [N/A], NVIDIA GB10, [N/A], 580.95.05',
      '',
    ].join('\n');
    const { gpus, driverVersion } = parseGpuInventory(printed);
    expect(driverVersion).toBe('550.127.05');
    expect(gpus).toEqual([
      {
        index: 0,
        uuid: 'GPU-3d2ad0dd-9c5f-4a6e-9f4f-0a6a3e6d4b11',
        name: 'NVIDIA GeForce RTX 4090',
        vram: 24564 * 1024 * 1024,
        encoderSessions: 8,
      },
      expect.objectContaining({ index: 1, name: 'NVIDIA RTX 6000, Ada Generation', encoderSessions: 32 }),
      { index: 2, name: 'NVIDIA GB10', vram: 0, encoderSessions: 32 },
    ]);
  });

  it('have a load line each, with 0 for what they do not measure', () => {
    expect(parseGpuLoad('0, 37, 1024, 24564, 2, 61')).toEqual({
      index: 0,
      utilization: 0.37,
      vramUsed: 1024 * 1024 * 1024,
      vramTotal: 24564 * 1024 * 1024,
      encoderSessions: 2,
      temperature: 61,
    });
    expect(parseGpuLoad('1, [N/A], 0, 143771, [N/A], [N/A]')).toMatchObject({
      utilization: 0,
      encoderSessions: 0,
    });
    expect(parseGpuLoad('No devices were found')).toBeUndefined();
  });

  it.each([
    ['NVIDIA H200', 0],
    ['NVIDIA A100-SXM4-80GB', 0],
    ['NVIDIA GeForce RTX 3060', 8],
    ['NVIDIA L40S', 32],
    ['NVIDIA A10G', 32],
  ])('%s may run %i encoder sessions', (name, sessions) => expect(encoderSessionsOf(name)).toBe(sessions));

  it('never throw, whatever is printed', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        parseGpuLoad(text);
        expect(parseGpuInventory(text).gpus.every(({ vram }) => vram >= 0)).toBe(true);
      }),
    );
  });

  it('are none where there is no nvidia-smi, or where it fails', async () => {
    expect(await readGpus(run, '/nowhere')).toEqual(noGpus);
    writeFileSync(
      join(folder, 'nvidia-smi'),
      '#!/bin/sh\necho "NVIDIA-SMI has failed because it couldn\'t communicate"\nexit 9\n',
    );
    chmodSync(join(folder, 'nvidia-smi'), 0o755);
    expect(await readGpus(run, folder)).toEqual(noGpus);
  });

  // No GPU is in the machines that run the tests: a script stands in for nvidia-smi and prints lines as it does.
  it('are watched through one process, however often one looks', async () => {
    const program = join(folder, 'nvidia-smi-loop');
    const starts = join(folder, 'starts');
    writeFileSync(
      program,
      `#!/bin/sh\necho x >> ${starts}\necho "0, 50, 10, 20, 1, 40"\necho "1, 60, 10, 20, 0, 41"\nexec sleep 300\n`,
    );
    chmodSync(program, 0o755);
    const monitor = new GpuMonitor({
      program,
      intervalMs: 1_000,
      clock: systemClock,
      env: { PATH: '/usr/bin:/bin' },
    });
    try {
      await vi.waitFor(
        () => expect(monitor.loads().map(({ utilization }) => utilization)).toEqual([0.5, 0.6]),
        20_000,
      );
      for (let looks = 0; looks < 5; looks += 1) monitor.loads();
      expect(readFileSync(starts, 'utf8')).toBe('x\n');
    } finally {
      monitor.close();
    }
  });
});

describe('counters of Linux', () => {
  it('count waiting for disks as idle and stolen time as busy', () => {
    expect(parseCpu('cpu  100 10 50 800 40 5 5 30 7 0\ncpu0 1 1 1\n')).toEqual({ busy: 200, total: 1040 });
  });

  it('are bytes', () => {
    expect(parseMemory('MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n')).toEqual({
      total: 1_024_000,
      available: 409_600,
    });
  });

  it('leave out interfaces inside the machine', () => {
    const dev = [
      'Inter-|   Receive   |  Transmit',
      ' face |bytes packets|bytes',
      '    lo: 500 1 0 0 0 0 0 0 500 1 0 0 0 0 0 0',
      '  eth0:100 1 0 0 0 0 0 0 70 1 0 0 0 0 0 0',
      'veth12: 9 1 0 0 0 0 0 0 9 1 0 0 0 0 0 0',
      '  wlan0: 11 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0',
    ].join('\n');
    expect(parseNetwork(dev)).toEqual({ received: 111, sent: 75 });
  });
});

describe('the load', () => {
  const counters = {
    cpuBusy: 100,
    cpuTotal: 1_000,
    memoryTotal: 10,
    memoryAvailable: 4,
    networkIn: 1_000,
    networkOut: 0,
  };

  it('is a fraction and rates over the time between two looks', () => {
    const after = { ...counters, cpuBusy: 150, cpuTotal: 1_200, networkIn: 3_000, networkOut: 500 };
    expect(loadBetween({ counters, at: 0 }, { counters: after, at: 2_000 })).toEqual({
      cpu: 0.25,
      memoryUsed: 6,
      memoryTotal: 10,
      networkIn: 1_000,
      networkOut: 250,
    });
  });

  it('is nothing at the first look, and never negative or above one', () => {
    expect(loadBetween(undefined, { counters, at: 5 })).toMatchObject({ cpu: 0, networkIn: 0 });
    const counter = fc.record({
      cpuBusy: fc.nat(),
      cpuTotal: fc.nat(),
      memoryTotal: fc.nat(),
      memoryAvailable: fc.nat(),
      networkIn: fc.nat(),
      networkOut: fc.nat(),
    });
    fc.assert(
      fc.property(counter, counter, fc.nat(), (a, b, ms) => {
        const load = loadBetween({ counters: a, at: 0 }, { counters: b, at: ms });
        expect(load.cpu).toBeGreaterThanOrEqual(0);
        expect(load.cpu).toBeLessThanOrEqual(1);
        for (const value of [load.memoryUsed, load.networkIn, load.networkOut])
          expect(value).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('of this machine fits the link’s schema', async () => {
    const sampler = new LoadSampler({ clock: systemClock, dataDir: folder });
    await sampler.sample();
    const busyUntil = performance.now() + 150;
    while (performance.now() < busyUntil);
    const load = NodeLoad.parse(await sampler.sample());
    expect(load.cpu).toBeGreaterThan(0);
    expect(load.memoryUsed).toBeGreaterThan(0);
    expect(load.memoryUsed).toBeLessThan(load.memoryTotal);
    expect(load.diskUsed).toBeLessThan(load.diskTotal);
  });

  it('is cheap to measure', async () => {
    const sampler = new LoadSampler({ clock: systemClock, dataDir: folder });
    await sampler.sample();
    const before = process.cpuUsage();
    for (let i = 0; i < 20; i += 1) await sampler.sample();
    const { user, system } = process.cpuUsage(before);
    // At one look every 5 s this is less than 0.2 % of a core.
    expect((user + system) / 1_000 / 20).toBeLessThan(10);
  });

  it('can be measured without procfs', async () => {
    const load = await new LoadSampler({
      clock: systemClock,
      dataDir: folder,
      counters: readPortableCounters,
    }).sample();
    expect(NodeLoad.parse(load).memoryTotal).toBeGreaterThan(0);
  });
});

describe('the inventory', () => {
  it('of this machine fits the link’s schema and has a stable hash', async () => {
    const parts = { dataDir: folder, capabilities: [], labels: { room: 'a' }, gpus: noGpus };
    const inventory = Inventory.parse(await readInventory(parts));
    expect(inventory.capacity.cpu).toBeGreaterThan(0);
    expect(inventory.capacity.memory).toBeGreaterThan(0);
    expect(inventory.labels).toEqual({ room: 'a' });
    expect((await readInventory(parts)).hash).toBe(inventory.hash);
    expect((await readInventory({ ...parts, labels: {} })).hash).not.toBe(inventory.hash);
  });

  it('does not change because a capability was proved again', async () => {
    const { hash, ...facts } = await readInventory({
      dataDir: folder,
      capabilities: [],
      labels: {},
      gpus: noGpus,
    });
    const capability = {
      name: 'ffmpeg',
      features: [],
      details: {},
      proof: 'x',
      provedAt: '2026-11-21T00:00:00.000Z',
    };
    const first = hashOf({ ...facts, capabilities: [capability] });
    expect(first).not.toBe(hash);
    expect(
      hashOf({ ...facts, capabilities: [{ ...capability, provedAt: '2026-11-22T00:00:00.000Z' }] }),
    ).toBe(first);
  });

  it.each([
    [24 * gib, undefined, 22 * gib],
    [24 * gib, 8 * gib, 7 * gib],
    [1 * gib, 0, 768 * 1024 ** 2],
    [64 * 1024 ** 2, undefined, 0],
    [4 * gib, 2 ** 63, 3.5 * gib],
  ])('of %i bytes of memory, %s in the container, gives %i', (total, constrained, given) => {
    expect(memoryToGive(total, constrained)).toBe(given);
  });

  it.each([
    [100 * gib, 96 * gib],
    [101 * gib, 96 * gib],
    [7 * gib, 4 * gib],
    [3 * gib, 2 * gib],
    [gib / 4, (3 * gib) / 16],
    [0, 0],
  ])('of %i free bytes of disk gives %i', (free, given) => expect(diskToGive(free)).toBe(given));

  it('gives the packets that its capabilities provide, and none without them', () => {
    const proved = { features: [], details: {}, proof: 'tried', provedAt: new Date(0).toISOString() };
    const worker = { ...proved, name: 'sfu', provides: { packets: 60_000 } };
    expect(packetsToGive([{ ...proved, name: 'ffmpeg' }])).toBe(0);
    expect(packetsToGive([{ ...proved, name: 'ffmpeg' }, worker])).toBe(60_000);
  });
});
