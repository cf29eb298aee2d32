import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { newId } from '@backlot/contract/id';
import { RunnerFile } from '@backlot/contract/runner/files';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Machine, openMachine } from '../drivers/machine.ts';
import { endTree } from '../processes/end-tree.ts';
import { nodeMark } from '../processes/marks.ts';
import type { HostDefinition } from '../workload.ts';
import { Hosts, type HostsParts } from './hosts.ts';

const base = mkdtempSync(join(tmpdir(), 'backlot-hosts-'));
const patience = () => AbortSignal.timeout(30_000);
const program = join(base, 'host.mts');
const pythonProgram = join(base, 'host.py');
let machine: Machine;
let round = 0;
const opened: Hosts[] = [];

/** A host whose allocations do as their input says. */
const typescriptHost = `
import { serveHost } from '${new URL('../host-process.ts', import.meta.url).href}';
process.stdout.write('host up\\n');
await serveHost({
  async start({ input, signal, progress, notify, report, workDir }) {
    progress({ message: 'started', fraction: 0.5 });
    if (input.act === 'crash') process.exit(9);
    if (input.act === 'die') setTimeout(() => process.exit(9), 50);
    if (input.act === 'fail') throw new Error('the source is gone');
    if (input.act === 'hang') for (;;) {}
    if (input.act === 'finish') return { pid: process.pid, workDir };
    if (input.act === 'report') {
      const { writeFileSync } = await import('node:fs');
      writeFileSync(workDir + '/piece', 'x');
      const piece = { name: 'piece', kind: 'piece', path: 'piece', mediaType: 'text/plain' };
      const fact = { key: 'k', kind: 'test.fact', at: new Date().toISOString(), body: {} };
      const answers = await Promise.allSettled([report({ outputs: [piece] }), report({ events: [fact] })]);
      return { answers: answers.map((one) => one.reason?.message ?? one.status) };
    }
    notify('said', { hello: input.name });
    if (input.act === 'deaf') await new Promise(() => {});
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return { pid: process.pid, closed: true };
  },
  async call({ input }, method, payload) {
    if (method === 'echo') return { name: input.name, payload };
    if (method === 'slow') return await new Promise((resolve) => setTimeout(resolve, 60_000));
    throw Object.assign(new Error('no such method: ' + method), { code: 'unknown_method' });
  },
});
`;

/** The same protocol in another language, in a few lines. */
const pythonHost = `
import json, os, socket
server = socket.socket(socket.AF_UNIX); server.bind(os.environ['BACKLOT_HOST_SOCKET']); server.listen()
while True:
    agent, _ = server.accept()
    for line in agent.makefile():
        r = json.loads(line)
        say = lambda m: agent.sendall((json.dumps(m) + '\\n').encode())
        say({'id': r['id'], 'ok': True, 'payload': {'allocations': []} if r['t'] == 'attach' else None})
        if r['t'] == 'start':
            say({'event': 'ended', 'allocation': r['allocation'],
                 'end': {'outcome': 'ok', 'result': {'doubled': r['input']['number'] * 2}}})
`;

const definition = (more: Partial<HostDefinition> = {}): HostDefinition => ({
  kind: 'test',
  launch: async () => ({ argv: [process.execPath, '--no-warnings', program] }),
  idleMs: 0,
  capacity: 2,
  ...more,
});

beforeAll(async () => {
  writeFileSync(program, typescriptHost);
  writeFileSync(pythonProgram, pythonHost);
  machine = await openMachine({ dataDir: base, clock: systemClock });
});
beforeEach(() => {
  round += 1;
});
afterEach(async () => {
  for (const hosts of opened.splice(0)) await hosts.close('end', 100);
  await vi.waitFor(async () => {
    const living = (await strays()).filter(({ state }) => state !== 'zombie');
    expect(living).toEqual([]);
  }, 90_000);
});
afterAll(async () => {
  await endTree(machine.table, systemClock, { roots: await strays() }, { graceMs: 0 });
  machine.close();
  rmSync(base, { recursive: true, force: true });
});
const strays = async () => await machine.table.withMark(await machine.table.list(), nodeMark, machine.owner);

async function open(
  more: Partial<HostDefinition> = {},
  parts: Partial<HostsParts> = {},
  handles: Parameters<Hosts['open']>[0] = [],
) {
  const hosts = new Hosts({
    driver: machine.driver,
    clock: systemClock,
    log: pino({ level: 'silent' }),
    random: () => 0,
    folder: join(base, `hosts-${round}`),
    definitions: { test: definition(more) },
    capabilities: () => [],
    ...parts,
  });
  opened.push(hosts);
  await hosts.open(handles);
  return hosts;
}
async function start(hosts: Hosts, input: Record<string, unknown>) {
  const id = newId();
  const folder = join(base, 'allocations', id);
  mkdirSync(join(folder, 'work'), { recursive: true });
  return await hosts.start(
    { id, kind: 'test', input, workDir: join(folder, 'work'), inputsDir: join(folder, 'inputs') },
    folder,
  );
}
/** Pid of the process that runs an allocation. */
const echoPid = async (hosts: Hosts, handle: Awaited<ReturnType<typeof start>>) => {
  await hosts.stop(handle, 1_000);
  return (await hosts.wait(handle, patience())).result?.pid;
};

describe.runIf(process.platform !== 'win32')('hosts', () => {
  it('are started when needed, shared up to their capacity, and then another one is started', async () => {
    const hosts = await open();
    const handles = await Promise.all(['a', 'b', 'c'].map((name) => start(hosts, { act: 'run', name })));
    for (const [index, handle] of handles.entries()) {
      expect(await hosts.call(handle, 'echo', [index], 5_000)).toEqual({
        name: 'abc'[index],
        payload: [index],
      });
      expect(await hosts.recover(handle)).toBe('running');
    }
    const pids = await Promise.all(handles.map((handle) => echoPid(hosts, handle)));
    expect(new Set(pids).size).toBe(2);
    expect(await hosts.recover(handles[0] ?? hosts.handleOf('', ''))).toBe('ended');
  });

  it('give the result, or the failure, of an allocation, and hand up what it says', async () => {
    const said: unknown[] = [];
    const hosts = await open(
      {},
      {
        onProgress: (_id, progress) => said.push(progress),
        onNotify: (...words) => said.push(words.slice(1)),
      },
    );
    const good = await start(hosts, { act: 'finish' });
    expect(await hosts.wait(good, patience())).toMatchObject({
      cause: 'exited',
      code: 0,
      result: { workDir: expect.any(String) },
    });
    const bad = await start(hosts, { act: 'fail' });
    expect(await hosts.wait(bad, patience())).toMatchObject({
      cause: 'exited',
      code: 1,
      message: 'the source is gone',
    });
    const talking = await start(hosts, { act: 'run', name: 'x' });
    await vi.waitFor(() => expect(said).toContainEqual(['said', { hello: 'x' }]), 20_000);
    expect(said).toContainEqual({ message: 'started', fraction: 0.5 });
    await hosts.stop(talking, 1_000);
    expect(await hosts.wait(talking, patience())).toMatchObject({
      cause: 'stopped',
      result: { closed: true },
    });
  });

  it('answer calls within their deadline or not at all', async () => {
    const hosts = await open();
    const handle = await start(hosts, { act: 'run' });
    await expect(hosts.call(handle, 'slow', {}, 100)).rejects.toMatchObject({ code: 'timed_out' });
    await expect(hosts.call(handle, 'what', {}, 5_000)).rejects.toMatchObject({ code: 'host_refused' });
    expect(await hosts.call(handle, 'echo', null, 5_000)).toMatchObject({ payload: null });
    const gone = hosts.handleOf(newId(), join(base, 'nowhere'));
    await expect(hosts.call(gone, 'echo', {}, 100)).rejects.toMatchObject({ code: 'host_unavailable' });
  });

  it('end their allocations with a typed failure when they crash, and are started again', async () => {
    const hosts = await open();
    const bystander = await start(hosts, { act: 'run' });
    const culprit = await start(hosts, { act: 'crash' }).catch(() => undefined);
    expect(await hosts.wait(bystander, patience())).toMatchObject({
      cause: 'runner-lost',
      message: expect.stringContaining('(9)'),
    });
    if (culprit) expect((await hosts.wait(culprit, patience())).cause).toBe('runner-lost');
    const next = await start(hosts, { act: 'finish' });
    expect((await hosts.wait(next, patience())).code).toBe(0);
  });

  it('are killed and replaced when they hang', async () => {
    const hosts = await open({ hungMs: 6_000 });
    const handle = await start(hosts, { act: 'run' });
    void start(hosts, { act: 'hang' }).catch(() => {});
    expect(await hosts.wait(handle, patience())).toMatchObject({ cause: 'runner-lost' });
  });

  it('go on without their agent; the next one attaches, and hears what it has missed', async () => {
    const first = await open();
    const running = await start(first, { act: 'run', name: 'still' });
    const ending = await start(first, { act: 'run', name: 'soon' });
    await first.stop(ending, 5_000);
    await first.close('keep');
    const next = await open({}, {}, [running, ending]);
    expect(await next.recover(running)).toBe('running');
    expect(await next.call(running, 'echo', 1, 5_000)).toEqual({ name: 'still', payload: 1 });
    expect(await next.wait(ending, patience())).toMatchObject({ cause: 'stopped', result: { closed: true } });
    await next.destroy(ending);
    await next.stop(running, 5_000);
    expect((await next.wait(running, patience())).cause).toBe('stopped');
  });

  it('that die while no agent is there leave a lost allocation, not a running one', async () => {
    const first = await open();
    const handle = await start(first, { act: 'run' });
    await first.close('keep');
    const kind = join(base, `hosts-${round}`, 'test');
    const [id = ''] = readdirSync(kind);
    process.kill(
      RunnerFile.parse(JSON.parse(readFileSync(join(kind, id, 'runner.json'), 'utf8'))).runner.pid,
      'SIGKILL',
    );
    const next = await open({}, {}, [handle]);
    expect(await next.wait(handle, patience())).toMatchObject({ cause: 'runner-lost' });
    expect(await next.recover(handle)).toBe('ended');
    expect((await next.wait(await start(next, { act: 'finish' }), patience())).code).toBe(0);
  });

  it('are recycled by count without costing anybody their work', async () => {
    const hosts = await open({ capacity: 10, recycle: { maxAllocations: 2 } });
    const first = await start(hosts, { act: 'run' });
    const pids: unknown[] = [];
    for (let i = 0; i < 3; i += 1)
      pids.push((await hosts.wait(await start(hosts, { act: 'finish' }), patience())).result?.pid);
    const firstPid = await echoPid(hosts, first);
    expect(pids[0]).toBe(firstPid);
    expect(pids[1]).not.toBe(firstPid);
    expect(pids[2]).toBe(pids[1]);
  });

  it('end when they have been idle', async () => {
    const hosts = await open({ idleMs: 100 });
    await hosts.wait(await start(hosts, { act: 'finish' }), patience());
    await vi.waitFor(
      async () => expect((await strays()).filter(({ state }) => state !== 'zombie')).toEqual([]),
      10_000,
    );
    expect((await hosts.wait(await start(hosts, { act: 'finish' }), patience())).code).toBe(0);
  });

  it('give up an allocation that does not end, and are replaced once the others are done', async () => {
    const hosts = await open();
    const deaf = await start(hosts, { act: 'deaf' });
    const other = await start(hosts, { act: 'run', name: 'other' });
    await hosts.stop(deaf, 100);
    expect(await hosts.wait(deaf, patience())).toMatchObject({
      cause: 'stopped',
      message: expect.stringContaining('confirm'),
    });
    expect(await hosts.call(other, 'echo', 1, 5_000)).toMatchObject({ name: 'other' });
    const old = await echoPid(hosts, other);
    expect((await hosts.wait(await start(hosts, { act: 'finish' }), patience())).result?.pid).not.toBe(old);
  });

  it('that never come up refuse the allocation with the reason, and pause before the next try', async () => {
    const broken = await open({ launch: async () => ({ argv: ['/bin/sh', '-c', 'exit 3'] }) });
    await expect(start(broken, {})).rejects.toMatchObject({ code: 'host_unavailable' });
    const missing = await open({ launch: async () => ({ argv: ['/no/such/host'] }) });
    await expect(start(missing, {})).rejects.toMatchObject({ code: 'program_not_found' });
  });

  it('can be written in any language that has sockets and JSON', async () => {
    const hosts = await open({ launch: async () => ({ argv: ['python3', pythonProgram] }) });
    const handle = await start(hosts, { number: 21 });
    expect(await hosts.wait(handle, patience())).toMatchObject({ code: 0, result: { doubled: 42 } });
  });

  it('repeat what they report until it is written down, and end only then', async () => {
    const heard: unknown[] = [];
    // The first agent hears it and dies before it is on the disk; the second one does it.
    const first = await open(
      {},
      { onReport: async (_id, one) => void (await new Promise(() => heard.push(one))) },
    );
    const handle = await start(first, { act: 'report' });
    await vi.waitFor(() => expect(heard).toHaveLength(2), 10_000);
    void first.close('keep');
    const noted: unknown[] = [];
    const second = await open({}, { onReport: async (_id, one) => void noted.push(one) }, [handle]);
    expect((await second.wait(handle, patience())).result).toEqual({ answers: ['fulfilled', 'fulfilled'] });
    expect(noted).toEqual(heard);
  });

  it('hear why something that they report can’t be told, and go on', async () => {
    const refuse = async () => {
      throw new BacklotError(kernelErrors.not_found, { params: { what: 'piece', id: 'x' } });
    };
    const hosts = await open({}, { onReport: refuse });
    const handle = await start(hosts, { act: 'report' });
    const { answers } = (await hosts.wait(handle, patience())).result as { answers: string[] };
    expect(answers).toEqual([expect.stringContaining('piece'), expect.stringContaining('piece')]);
  });

  it('that are revived take up all that was in them, also when they died while no agent was there', async () => {
    const hosts = await open({ revive: true });
    const handles = [
      await start(hosts, { act: 'run', name: 'a' }),
      await start(hosts, { act: 'run', name: 'b' }),
    ];
    const kill = async () => {
      for (const entry of await strays()) {
        if ((await machine.table.environment(entry, 'BACKLOT_HOST_SOCKET')) === undefined) continue;
        await machine.table.signal(entry, 'SIGKILL');
      }
    };
    const answers = async (from: Hosts) => {
      for (const [index, handle] of handles.entries()) {
        const name = 'ab'[index];
        await vi.waitFor(
          async () => expect(await from.call(handle, 'echo', 1, 5_000)).toEqual({ name, payload: 1 }),
          { timeout: 60_000, interval: 100 },
        );
      }
    };
    await answers(hosts);
    await kill();
    await answers(hosts);
    await hosts.close('keep');
    await kill();
    const next = await open({ revive: true }, {}, handles);
    for (const handle of handles) expect(await next.recover(handle)).toBe('running');
    await answers(next);
    for (const handle of handles) await next.stop(handle, 1_000);
    for (const handle of handles) expect((await next.wait(handle, patience())).cause).toBe('stopped');
  });

  it('that keep dying are given up with all that was in them', async () => {
    const hosts = await open({ revive: true });
    const bystander = await start(hosts, { act: 'run' });
    const culprit = await start(hosts, { act: 'die' });
    for (const handle of [culprit, bystander]) {
      expect(await hosts.wait(handle, patience())).toMatchObject({ cause: 'runner-lost' });
    }
  });
});
