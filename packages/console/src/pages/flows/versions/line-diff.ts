export interface DiffLine {
  readonly kind: 'same' | 'added' | 'removed';
  readonly text: string;
  /** Number in the old and in the new text, from one. */
  readonly old: number | null;
  readonly new: number | null;
}

/**
 * How one text became another, line by line: the longest common subsequence. Flows are short; texts of more than some
 * thousand lines are shown as replaced between what is the same at both ends.
 */
export function diffLines(before: string, after: string): DiffLine[] {
  const a = before.replace(/\n$/, '').split('\n');
  const b = after.replace(/\n$/, '').split('\n');
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const middleA = a.slice(start, a.length - end);
  const middleB = b.slice(start, b.length - end);
  const lines: DiffLine[] = [];
  const same = (count: number, fromA: number, fromB: number) => {
    for (let i = 0; i < count; i += 1)
      lines.push({ kind: 'same', text: a[fromA + i] ?? '', old: fromA + i + 1, new: fromB + i + 1 });
  };
  same(start, 0, 0);
  for (const step of middle(middleA, middleB)) {
    const old = step.a === null ? null : start + step.a + 1;
    const now = step.b === null ? null : start + step.b + 1;
    const text = (step.a === null ? middleB[step.b ?? 0] : middleA[step.a]) ?? '';
    lines.push({ kind: old === null ? 'added' : now === null ? 'removed' : 'same', text, old, new: now });
  }
  same(end, a.length - end, b.length - end);
  return lines;
}

interface Step {
  readonly a: number | null;
  readonly b: number | null;
}

const limit = 4_000_000;

function middle(a: readonly string[], b: readonly string[]): Step[] {
  const removed = a.map((_, index): Step => ({ a: index, b: null }));
  const added = b.map((_, index): Step => ({ a: null, b: index }));
  if (a.length * b.length > limit) return [...removed, ...added];
  const width = b.length + 1;
  const length = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      length[i * width + j] =
        a[i] === b[j]
          ? 1 + (length[(i + 1) * width + j + 1] ?? 0)
          : Math.max(length[(i + 1) * width + j] ?? 0, length[i * width + j + 1] ?? 0);
    }
  }
  const steps: Step[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    if (a[i] === b[j]) {
      steps.push({ a: i, b: j });
      i += 1;
      j += 1;
    } else if ((length[(i + 1) * width + j] ?? 0) >= (length[i * width + j + 1] ?? 0)) {
      steps.push({ a: i, b: null });
      i += 1;
    } else {
      steps.push({ a: null, b: j });
      j += 1;
    }
  }
  return [...steps, ...removed.slice(i), ...added.slice(j)];
}

/** Lines with some of what is around each change; a gap where more was left out. */
export function aroundChanges(lines: readonly DiffLine[], context = 3): (DiffLine | 'gap')[] {
  const keep = new Set<number>();
  lines.forEach((line, index) => {
    if (line.kind === 'same') return;
    for (let at = index - context; at <= index + context; at += 1) keep.add(at);
  });
  const shown: (DiffLine | 'gap')[] = [];
  lines.forEach((line, index) => {
    if (keep.has(index)) shown.push(line);
    else if (keep.has(index - 1)) shown.push('gap');
  });
  return shown;
}
