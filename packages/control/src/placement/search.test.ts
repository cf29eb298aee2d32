import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { obstacle } from './eligible.ts';
import { free } from './fit.ts';
import { amountKinds, type Decision, type NodePlace } from './model.ts';
import { search } from './search.ts';
import { gigabyte, gpus, group, nodePlace, share, world } from './world.fixture.ts';

const placesOf = (decisions: readonly Decision[]) =>
  decisions.map((decision) => decision.candidates[0]?.nodeId);

describe('the search', () => {
  it('never takes more than there is, and respects every constraint', () => {
    const anyNode = fc
      .record({
        cpu: fc.double({ min: 0, max: 8, noNaN: true }),
        usedPart: fc.double({ min: 0, max: 1, noNaN: true }),
        memory: fc.integer({ min: 0, max: 16 }),
        gpus: fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 3 }),
        label: fc.constantFrom('a', 'b'),
        schedulable: fc.constantFrom('yes', 'yes', 'yes', 'cordoned', 'draining'),
        state: fc.constantFrom('ready', 'ready', 'ready', 'unreachable', 'lost'),
        connected: fc.boolean(),
      })
      .map((spec) => ({ ...spec }));
    const anyGroup = fc.record({
      class: fc.constantFrom('interactive', 'live', 'batch'),
      project: fc.constantFrom('p', 'q', 'r'),
      cpu: fc.double({ min: 0, max: 6, noNaN: true }),
      memory: fc.integer({ min: 0, max: 8 }),
      gpus: fc.array(fc.record({ vram: fc.integer({ min: 0, max: 12 }) }), { maxLength: 2 }),
      label: fc.option(fc.constantFrom('a', 'b')),
      count: fc.integer({ min: 1, max: 20 }),
    });
    fc.assert(
      fc.property(
        fc.array(anyNode, { maxLength: 6 }),
        fc.array(anyGroup, { maxLength: 8 }),
        (nodeSpecs, groupSpecs) => {
          const nodes = nodeSpecs.map((spec, i) =>
            nodePlace(`n${i}`, {
              schedulable: spec.schedulable as NodePlace['schedulable'],
              state: spec.state as NodePlace['state'],
              connected: spec.connected,
              labels: { zone: spec.label },
              total: { cpu: spec.cpu, memory: spec.memory * gigabyte, disk: 0, packets: 0 },
              used: { cpu: spec.cpu * spec.usedPart, memory: 0, disk: 0, packets: 0 },
              gpus: gpus(...spec.gpus),
            }),
          );
          const groups = groupSpecs.map((spec, i) =>
            group({
              class: spec.class as 'batch',
              project: spec.project,
              resources: {
                cpu: spec.cpu,
                memory: spec.memory * gigabyte,
                gpus: spec.gpus.map((gpu) => ({ vram: gpu.vram * gigabyte })),
              },
              constraints: spec.label ? { labels: { zone: spec.label } } : {},
              count: spec.count,
              priority: i,
            }),
          );
          const before = structuredClone(nodes.map(({ used, gpus: list }) => ({ used, list })));
          const found = search(world({ nodes, groups }), 100);
          // Pure: the world is as it was.
          expect(nodes.map(({ used, gpus: list }) => ({ used, list }))).toEqual(before);
          const byId = new Map(nodes.map((node) => [node.id, node]));
          for (const decision of found.decisions) {
            const [best] = decision.candidates;
            const node = byId.get(best?.nodeId ?? '');
            if (!node || !best) throw new Error('A decision has a place.');
            expect(obstacle(node, decision.group.demand)).toBeUndefined();
            expect(new Set(best.grant.gpus.map((gpu) => gpu.index)).size).toBe(best.grant.gpus.length);
          }
          for (const node of found.nodes) {
            for (const kind of amountKinds) expect(free(node, kind)).toBeGreaterThanOrEqual(-1e-4);
            for (const gpu of node.gpus) {
              expect(gpu.vramUsed).toBeLessThanOrEqual(gpu.vram);
              expect(gpu.encoderSessionsUsed).toBeLessThanOrEqual(gpu.encoderSessions);
            }
          }
          const ids = found.decisions.map((decision) => decision.task.id);
          expect(new Set(ids).size).toBe(ids.length);
        },
      ),
    );
  });

  it('leaves nothing lying that would fit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 4 }),
        (nodeCount, tasks, cpu) => {
          const nodes = Array.from({ length: nodeCount }, (_, i) => nodePlace(`n${i}`));
          const found = search(
            world({ nodes, groups: [group({ count: tasks, resources: { cpu } })] }),
            1_000,
          );
          const room = nodeCount * Math.floor(4 / cpu);
          expect(found.decisions.length).toBe(Math.min(tasks, room));
          expect(found.stuck.length).toBe(tasks > room ? 1 : 0);
        },
      ),
    );
  });

  it('takes interactive before live before batch, then priority, then age', () => {
    const groups = [
      group({ class: 'batch', priority: 50 }),
      group({ class: 'live', resources: { cpu: 1, memory: 1 } }),
      group({ class: 'interactive', resources: { cpu: 1, memory: 2 } }),
      group({ class: 'batch', priority: 90, resources: { cpu: 1, memory: 3 } }),
      group({ class: 'batch', priority: 50, resources: { cpu: 1, memory: 4 } }),
    ];
    const nodes = [nodePlace('a', { total: { cpu: 9, memory: gigabyte, disk: 0, packets: 0 } })];
    const order = search(world({ nodes, groups }), 100).decisions.map((one) => groups.indexOf(one.group));
    expect(order).toEqual([2, 1, 3, 0, 4]);
  });

  it('fills nodes up when packing and keeps things apart when spreading', () => {
    const nodes = [nodePlace('a'), nodePlace('b')];
    const groups = [group({ count: 4 })];
    expect(placesOf(search(world({ nodes, groups }), 10).decisions)).toEqual(['a', 'a', 'a', 'a']);
    const spread = placesOf(search(world({ nodes, groups, strategy: 'spread' }), 10).decisions);
    expect(spread).toEqual(['a', 'b', 'a', 'b']);
    const live = [group({ class: 'live', count: 2 })];
    expect(new Set(placesOf(search(world({ nodes, groups: live }), 10).decisions)).size).toBe(2);
  });

  it('keeps GPU nodes for GPU work, as long as there is another one', () => {
    const nodes = [nodePlace('gpu', { gpus: gpus(8) }), nodePlace('plain')];
    const groups = [group({ count: 8 })];
    const places = placesOf(search(world({ nodes, groups }), 10).decisions);
    expect(places.slice(0, 4)).toEqual(['plain', 'plain', 'plain', 'plain']);
    expect(places.slice(4)).toEqual(['gpu', 'gpu', 'gpu', 'gpu']);
  });

  it('prefers the node that has the job’s files, and the one whose host runs', () => {
    const nodes = [nodePlace('cold'), nodePlace('warm', { warmJobs: new Set(['j']) })];
    const files = search(world({ nodes, groups: [group({ jobId: 'j' })] }), 10);
    expect(placesOf(files.decisions)).toEqual(['warm']);
    const hosts = [nodePlace('cold'), nodePlace('hosting', { warmHosts: new Set(['sfu']) })];
    const hosted = search(world({ nodes: hosts, groups: [group({ host: 'sfu' })] }), 10);
    expect(placesOf(hosted.decisions)).toEqual(['hosting']);
  });

  it('puts each of a task’s GPUs on another one, the tightest that fits', () => {
    const nodes = [nodePlace('a', { gpus: gpus(24, 8, 12) })];
    const groups = [
      group({ resources: { cpu: 1, gpus: [{ vram: 7 * gigabyte }, { vram: 10 * gigabyte }] } }),
    ];
    const [decision] = search(world({ nodes, groups }), 10).decisions;
    expect(decision?.candidates[0]?.grant.gpus.map((gpu) => gpu.index)).toEqual([1, 2]);
  });

  it('keeps the three best places', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e'].map((name, i) =>
      nodePlace(name, { used: { cpu: i / 2, memory: 0, disk: 0, packets: 0 } }),
    );
    const [decision] = search(world({ nodes, groups: [group()] }), 10).decisions;
    expect(decision?.candidates.map((candidate) => candidate.nodeId)).toEqual(['e', 'd', 'c']);
  });

  it('stops at its limit and says that there is more', () => {
    const nodes = [nodePlace('a')];
    const found = search(world({ nodes, groups: [group({ count: 3 })] }), 2);
    expect(found.decisions).toHaveLength(2);
    expect(found.more).toBe(true);
  });

  it('does not let what waits for something rare hide what could go', () => {
    const nodes = [nodePlace('a')];
    const groups = [
      group({ count: 50, priority: 100, resources: { cpu: 1, gpus: [{ vram: 1 }] } }),
      group({ count: 2 }),
    ];
    const found = search(world({ nodes, groups }), 10);
    expect(found.decisions).toHaveLength(2);
    expect(found.stuck.map((entry) => entry.group)).toEqual([groups[0]]);
  });
});

describe('fair share', () => {
  it('divides a pool among projects by their weights, whoever came first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 }), (left, right) => {
        const nodes = Array.from({ length: 20 }, (_, i) => nodePlace(`n${i}`));
        const groups = [group({ project: 'p', count: 200 }), group({ project: 'q', count: 200 })];
        const projects = new Map([
          ['p', share('p', { weight: left })],
          ['q', share('q', { weight: right })],
        ]);
        const { decisions } = search(world({ nodes, groups, projects }), 1_000);
        const ofP = decisions.filter((decision) => decision.group.projectId === 'p').length;
        expect(decisions).toHaveLength(80);
        expect(Math.abs(ofP - (80 * left) / (left + right))).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('lets a newcomer catch up with one that holds the farm', () => {
    const nodes = [nodePlace('a', { total: { cpu: 10, memory: gigabyte, disk: 0, packets: 0 } })];
    const groups = [group({ project: 'old', count: 10 }), group({ project: 'new', count: 10 })];
    const projects = new Map([
      ['old', share('old', { running: 0.5, history: 0.8 })],
      ['new', share('new')],
    ]);
    const { decisions } = search(world({ nodes, groups, projects }), 100);
    const first = decisions.slice(0, 5).map((decision) => decision.group.projectId);
    expect(first).toEqual(['new', 'new', 'new', 'new', 'new']);
  });

  it('does not let anyone wait for ever', () => {
    const nodes = [nodePlace('a', { total: { cpu: 1, memory: gigabyte, disk: 0, packets: 0 } })];
    const groups = [
      group({ project: 'small', waitedMs: 0 }),
      group({ project: 'large', waitedMs: 3_600_000 }),
    ];
    const projects = new Map([
      ['small', share('small', { running: 0.1 })],
      ['large', share('large', { running: 0.4 })],
    ]);
    const { decisions } = search(world({ nodes, groups, projects }), 1);
    expect(decisions[0]?.group.projectId).toBe('large');
  });

  it('holds a project to its quota of cores, for batch work only', () => {
    const nodes = [nodePlace('a')];
    const projects = new Map([['film', share('film', { batchCpu: 1, batchCpuLimit: 2 })]]);
    const batch = search(world({ nodes, groups: [group({ count: 5 })], projects }), 10);
    expect(batch.decisions).toHaveLength(1);
    expect(batch.stuck.map((entry) => entry.why)).toEqual(['quota']);
    const live = search(world({ nodes, groups: [group({ class: 'live', count: 3 })], projects }), 10);
    expect(live.decisions).toHaveLength(3);
  });
});

describe('nodes that a task keeps away from', () => {
  const away = (strict: boolean) => ({ strict, refused: false });

  it('are not used while there is another one, even a full one', () => {
    const only = group();
    const [task] = only.tasks;
    const full = nodePlace('b', { used: { cpu: 4, memory: 0, disk: 0, packets: 0 } });
    const avoidances = new Map([[task?.id ?? '', new Map([['a', away(false)]])]]);
    const found = search(world({ nodes: [nodePlace('a'), full], groups: [only], avoidances }), 10);
    expect(found.decisions).toEqual([]);
    expect(found.stuck.map((entry) => entry.why)).toEqual(['avoided']);
  });

  it('are used when there is no other, unless strictly', () => {
    const only = group();
    const [task] = only.tasks;
    const search1 = (strict: boolean) =>
      search(
        world({
          nodes: [nodePlace('a')],
          groups: [only],
          avoidances: new Map([[task?.id ?? '', new Map([['a', away(strict)]])]]),
        }),
        10,
      ).decisions.length;
    expect(search1(false)).toBe(1);
    expect(search1(true)).toBe(0);
  });

  it('hold back only the task itself, not those behind it', () => {
    const two = group({ count: 2 });
    const avoidances = new Map([[two.tasks[0]?.id ?? '', new Map([['a', away(true)]])]]);
    const found = search(world({ nodes: [nodePlace('a')], groups: [two], avoidances }), 10);
    expect(found.decisions.map((decision) => decision.task)).toEqual([two.tasks[1]]);
  });
});

describe('frozen work', () => {
  const frozen = { allocationId: 'f', nodeId: 'a', class: 'batch' as const, cpu: 3 };

  it('gets its cores back before new batch work gets them', () => {
    const found = search(
      world({ nodes: [nodePlace('a')], groups: [group({ count: 4 })], frozen: [frozen] }),
      10,
    );
    expect(found.thaw).toEqual([frozen]);
    expect(found.decisions).toHaveLength(1);
  });

  it('stays frozen while something more urgent waits for the node', () => {
    const urgent = group({ class: 'interactive', resources: { cpu: 4, memory: 16 * gigabyte } });
    const fitting = group({ class: 'interactive', resources: { cpu: 4 } });
    const node = nodePlace('a', { used: { cpu: 1, memory: 0, disk: 0, packets: 0 } });
    expect(search(world({ nodes: [node], groups: [fitting], frozen: [frozen] }), 10).thaw).toEqual([]);
    // One that could never run there is no reason to wait.
    expect(search(world({ nodes: [node], groups: [urgent], frozen: [frozen] }), 10).thaw).toEqual([frozen]);
  });

  it('prefers the node that holds the inputs, and goes elsewhere when that one is full', () => {
    const prefer = (name: string) => group({ constraints: { prefer: [name] } });
    const nodes = [nodePlace('a'), nodePlace('b'), nodePlace('c')];
    const quiet = search(world({ nodes, groups: [prefer('b')] }), 10);
    expect(placesOf(quiet.decisions)).toEqual(['b']);
    const busy = nodes.map((node) =>
      node.id === 'b' ? { ...node, used: { ...node.used, cpu: node.total.cpu } } : node,
    );
    expect(placesOf(search(world({ nodes: busy, groups: [prefer('b')] }), 10).decisions)).toEqual(['a']);
  });

  it('places nothing that writes on a node whose disk is full', () => {
    const nodes = [nodePlace('full', { diskFull: true }), nodePlace('roomy')];
    const writing = search(
      world({ nodes, groups: [group({ resources: { cpu: 1, disk: 1 }, count: 6 })] }),
      10,
    );
    expect(placesOf(writing.decisions)).toEqual(['roomy', 'roomy', 'roomy', 'roomy']);
    const uploading = search(world({ nodes, groups: [group({ resources: { cpu: 1 }, count: 6 })] }), 10);
    expect(placesOf(uploading.decisions)).toHaveLength(6);
  });
});
