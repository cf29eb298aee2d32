/** A task as far as its place in the graph matters. */
export interface NeedsDraft {
  readonly key: string;
  readonly needs: readonly string[];
}

/**
 * What is wrong with a set of drafts, as the middle of a sentence; nothing when they form a graph without cycles
 * over themselves and what the job already has. A key of an existing task is fine: it is created only once.
 */
export function problemWithNeeds(
  drafts: readonly NeedsDraft[],
  existing: ReadonlySet<string>,
): string | undefined {
  const byKey = new Map<string, NeedsDraft>();
  for (const draft of drafts) {
    if (byKey.has(draft.key)) return `the key ${draft.key} stands twice`;
    byKey.set(draft.key, draft);
  }
  for (const draft of drafts) {
    for (const need of draft.needs) {
      if (!byKey.has(need) && !existing.has(need)) return `${draft.key} needs ${need}, which does not exist`;
    }
  }
  const cycle = findCycle(byKey);
  return cycle ? `the tasks ${cycle.join(' → ')} need each other` : undefined;
}

/**
 * The keys of a cycle, the first one repeated at its end. Existing tasks can't be part of one: they needed only
 * what was there before them. Walks without recursion, because a chain may be 10,000 tasks long.
 */
function findCycle(byKey: ReadonlyMap<string, NeedsDraft>): string[] | undefined {
  const done = new Set<string>();
  for (const start of byKey.keys()) {
    if (done.has(start)) continue;
    const path: string[] = [];
    const onPath = new Set<string>();
    const stack: { key: string; next: number }[] = [{ key: start, next: 0 }];
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { key: string; next: number };
      if (top.next === 0) {
        path.push(top.key);
        onPath.add(top.key);
      }
      const need = byKey.get(top.key)?.needs[top.next];
      top.next += 1;
      if (need === undefined) {
        stack.pop();
        path.pop();
        onPath.delete(top.key);
        done.add(top.key);
      } else if (onPath.has(need)) {
        return [...path.slice(path.indexOf(need)), need];
      } else if (byKey.has(need) && !done.has(need)) {
        stack.push({ key: need, next: 0 });
      }
    }
  }
  return undefined;
}
