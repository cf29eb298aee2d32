import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { newId } from '@backlot/contract/id';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { DriverHandle } from '../drivers/driver.ts';
import { type Machine, openMachine } from '../drivers/machine.ts';
import { allocationMark, nodeMark } from '../processes/marks.ts';
import { sweep } from '../sweep/sweep.ts';
import { Hosts } from './hosts.ts';

const base = mkdtempSync(join(tmpdir(), 'backlot-hosts-chaos-'));
const program = join(base, 'host.mts');
let machine: Machine;

beforeAll(async () => {
  machine = await openMachine({ dataDir: base, clock: systemClock });
  writeFileSync(
    program,
    `import { appendFileSync } from 'node:fs';
     import { serveHost } from '${new URL('../host-process.ts', import.meta.url).href}';
     await serveHost({
       async start({ id, input, workDir }) {
         await new Promise((resolve) => setTimeout(resolve, input.ms));
         appendFileSync(workDir + '/done', 'x');
         return { id };
       },
     });`,
  );
});
afterAll(async () => {
  await sweep({ ...machine, clock: systemClock, live: () => new Set() });
  machine.close();
  rmSync(base, { recursive: true, force: true });
});

async function openHosts(handles: readonly DriverHandle[]): Promise<Hosts> {
  const hosts = new Hosts({
    driver: machine.driver,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    random: () => 0,
    folder: join(base, 'hosts'),
    definitions: {
      test: {
        kind: 'test',
        launch: async () => ({ argv: [process.execPath, '--no-warnings', program] }),
        idleMs: 0,
        capacity: 3,
      },
    },
    capabilities: () => [],
  });
  await hosts.open(handles);
  return hosts;
}

async function ours() {
  const marked = await machine.table.withMark(await machine.table.list(), nodeMark, machine.owner);
  return marked.filter(({ state }) => state !== 'zombie');
}

it.runIf(process.platform === 'linux')(
  'an allocation in a host ends once, with its result or lost, whatever is killed and whenever',
  async () => {
    let hosts = await openHosts([]);
    let lost = 0;
    const victims = ['host', 'runner', 'agent', 'nobody'] as const;
    for (let round = 0; round < 16; round += 1) {
      const victim = victims[round % victims.length];
      const handles: DriverHandle[] = [];
      for (const ms of [1, 60, 150]) {
        const id = newId();
        const folder = join(base, 'allocations', id);
        mkdirSync(join(folder, 'work'), { recursive: true });
        const spec = { id, kind: 'test', input: { ms }, workDir: join(folder, 'work'), inputsDir: folder };
        // Refused while a host is being replaced: then it has not begun, and may be tried again.
        handles.push(await vi.waitFor(() => hosts.start(spec, folder), { timeout: 60_000, interval: 50 }));
      }
      await systemClock.sleep(round * 12);
      const doomed = hosts.hostIds();
      if (victim === 'agent') {
        await hosts.close('keep');
        hosts = await openHosts(handles);
      } else if (victim !== 'nobody') {
        const carries = victim === 'host' ? allocationMark : 'BACKLOT_RUNNER';
        for (const entry of await ours()) {
          const value = await machine.table.environment(entry, carries);
          if (value !== undefined) await machine.table.signal(entry, 'SIGKILL');
        }
      }
      for (const handle of handles) {
        const exit = await hosts.wait(handle, AbortSignal.timeout(30_000));
        if (exit.cause === 'runner-lost') lost += 1;
        else expect(exit).toMatchObject({ cause: 'exited', code: 0, result: { id: handle.id } });
        if (exit.code === 0) expect(readFileSync(join(handle.folder, 'work', 'done'), 'utf8')).toBe('x');
        expect(await hosts.wait(handle, AbortSignal.timeout(1_000))).toEqual(exit);
        if (victim === 'agent' || victim === 'nobody') expect(exit.cause).toBe('exited');
        await hosts.destroy(handle);
      }
      // All may have ended before the blow. Until it is noticed the dead host is given more, which is then rightly lost:
      // that would be counted against the next round, in which nobody may lose anything.
      if (victim === 'host' || victim === 'runner') {
        await vi.waitFor(
          () => expect(hosts.hostIds().filter((id) => doomed.includes(id))).toEqual([]),
          30_000,
        );
      }
    }
    expect(lost).toBeGreaterThan(0);
    await hosts.close('end', 1_000);
    await vi.waitFor(async () => expect(await ours()).toEqual([]), 15_000);
  },
);
