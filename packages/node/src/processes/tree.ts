import type { ProcessEntry, ProcessIdentity } from './identity.ts';

/** Everything by which processes of one allocation are known. Each way catches what another misses. */
export interface TreeScope {
  /** Processes known to belong to it; their descendants do too. */
  readonly roots: readonly ProcessIdentity[];
  /** Pids in its control group, which nothing can leave without rights. */
  readonly members?: readonly number[];
  /** Processes that carry its mark in their environment: found even after `setsid` and a double fork. */
  readonly marked?: readonly ProcessIdentity[];
}

/**
 * All living processes of a scope, parents before children. Included are: roots that are still themselves, the
 * members and the marked, everyone in a group or session that one of them leads or led, and all descendants.
 * `spare` (the runner and this process) and their ancestors are never included.
 */
export function treeOf(
  entries: readonly ProcessEntry[],
  scope: TreeScope,
  spare: readonly number[] = [],
): ProcessEntry[] {
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
  const spared = new Set<number>([0, 1, ...spare]);
  for (const pid of spare) {
    for (let entry = byPid.get(pid); entry && !spared.has(entry.parent); entry = byPid.get(entry.parent)) {
      spared.add(entry.parent);
    }
  }

  const found = new Map<number, ProcessEntry>();
  const take = (entry: ProcessEntry | undefined) => {
    if (!entry || spared.has(entry.pid) || entry.state === 'zombie') return;
    found.set(entry.pid, entry);
  };
  for (const identity of [...scope.roots, ...(scope.marked ?? [])]) {
    const entry = byPid.get(identity.pid);
    if (entry?.start === identity.start) take(entry);
    // A leader that has ended leaves its group and session behind, and the kernel gives its pid to nobody as long as
    // they have members. When a stranger has the pid, they are empty, or the stranger's.
    if (entry && entry.start !== identity.start) continue;
    for (const other of entries)
      if (other.group === identity.pid || other.session === identity.pid) take(other);
  }
  for (const pid of scope.members ?? []) take(byPid.get(pid));

  const children = childrenByParent(entries);
  const queue = [...found.values()];
  for (let entry = queue.shift(); entry; entry = queue.shift()) {
    const leads = entry.group === entry.pid || entry.session === entry.pid;
    const related = [
      ...(children.get(entry.pid) ?? []),
      ...(leads ? entries.filter((other) => other.group === entry.pid || other.session === entry.pid) : []),
    ];
    for (const other of related) {
      if (found.has(other.pid)) continue;
      take(other);
      if (found.has(other.pid)) queue.push(other);
    }
  }
  return parentsFirst([...found.values()]);
}

function childrenByParent(entries: readonly ProcessEntry[]): Map<number, ProcessEntry[]> {
  const children = new Map<number, ProcessEntry[]>();
  for (const entry of entries) {
    const siblings = children.get(entry.parent);
    if (siblings) siblings.push(entry);
    else children.set(entry.parent, [entry]);
  }
  return children;
}

/** Parents before children, so that a parent can't start another child after its children were dealt with. */
function parentsFirst(entries: readonly ProcessEntry[]): ProcessEntry[] {
  const byPid = new Map(entries.map((entry) => [entry.pid, entry]));
  const depth = (entry: ProcessEntry): number => {
    let steps = 0;
    for (let at = byPid.get(entry.parent); at && steps < entries.length; at = byPid.get(at.parent))
      steps += 1;
    return steps;
  };
  return entries
    .map((entry) => ({ entry, depth: depth(entry) }))
    .sort((a, b) => a.depth - b.depth || a.entry.pid - b.entry.pid)
    .map(({ entry }) => entry);
}
