import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessEntry } from './identity.ts';
import { treeOf } from './tree.ts';

const entry = (pid: number, parent: number, more: Partial<ProcessEntry> = {}): ProcessEntry => ({
  pid,
  parent,
  start: `boot:${pid}`,
  group: pid,
  session: pid,
  state: 'running',
  command: `p${pid}`,
  cpuMs: 0,
  memory: 0,
  ...more,
});
const pids = (entries: readonly ProcessEntry[]) => entries.map(({ pid }) => pid);
const root = (pid: number) => ({ pid, start: `boot:${pid}` });

describe('the tree of an allocation', () => {
  it('holds the root and all its descendants, parents first', () => {
    const entries = [entry(40, 30), entry(30, 20), entry(20, 10), entry(10, 1), entry(99, 1)];
    expect(pids(treeOf(entries, { roots: [root(20)] }))).toEqual([20, 30, 40]);
  });

  it('leaves a stranger alone that got the pid of a root that has ended', () => {
    const stranger = entry(20, 1, { start: 'boot:later' });
    const child = entry(30, 20);
    expect(treeOf([stranger, child], { roots: [root(20)] })).toEqual([]);
  });

  it('finds what an ended leader has left in its group and session', () => {
    const left = [entry(31, 1, { group: 20, session: 20 }), entry(32, 1, { group: 32, session: 20 })];
    expect(pids(treeOf(left, { roots: [root(20)] }))).toEqual([31, 32]);
  });

  it('finds a daemon by its mark, and its children by the daemon', () => {
    const daemon = entry(50, 1);
    const entries = [daemon, entry(51, 50), entry(60, 1)];
    expect(pids(treeOf(entries, { roots: [root(20)], marked: [daemon] }))).toEqual([50, 51]);
  });

  it('finds members of the control group that nothing else leads to', () => {
    expect(pids(treeOf([entry(70, 1), entry(71, 1)], { roots: [], members: [70] }))).toEqual([70]);
  });

  it('spares the runner and everything above it, even when they carry the mark', () => {
    const entries = [entry(10, 1), entry(11, 10), entry(20, 11)];
    const scope = { roots: [root(20)], marked: [entry(10, 1), entry(11, 10)], members: [11, 20] };
    expect(pids(treeOf(entries, scope, [11]))).toEqual([20]);
  });

  it('counts a zombie as gone but follows it to what it leaves behind', () => {
    const entries = [entry(20, 10, { state: 'zombie' }), entry(21, 1, { group: 20, session: 20 })];
    expect(pids(treeOf(entries, { roots: [root(20)] }))).toEqual([21]);
  });

  it('never holds pid 0, pid 1 or a process outside of it, whatever the table looks like', () => {
    const tables = fc
      .array(fc.record({ parent: fc.nat(30), group: fc.nat(30), session: fc.nat(30) }), { maxLength: 30 })
      .map((rows) =>
        rows.map((row, index) => entry(index + 2, row.parent, { group: row.group, session: row.session })),
      );
    fc.assert(
      fc.property(tables, fc.nat(30), fc.nat(30), (entries, rootPid, spared) => {
        const found = treeOf(entries, { roots: [root(rootPid)] }, [spared]);
        expect(pids(found)).not.toContain(0);
        expect(pids(found)).not.toContain(1);
        expect(pids(found)).not.toContain(spared);
        expect(new Set(pids(found)).size).toBe(found.length);
        for (const child of entries) {
          const inside = pids(found).includes(child.parent);
          const above = spared === child.pid || child.pid < 2;
          if (inside && !above && !isAncestor(entries, child.pid, spared))
            expect(pids(found)).toContain(child.pid);
        }
      }),
    );
  });
});

function isAncestor(entries: readonly ProcessEntry[], ancestor: number, pid: number): boolean {
  const parents = new Map(entries.map((e) => [e.pid, e.parent]));
  const seen = new Set<number>();
  for (let at = parents.get(pid); at !== undefined && !seen.has(at); at = parents.get(at)) {
    if (at === ancestor) return true;
    seen.add(at);
  }
  return false;
}
