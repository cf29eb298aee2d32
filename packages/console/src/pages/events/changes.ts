/** One field that an action changed. */
export interface Change {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => (value === undefined ? '–' : JSON.stringify(value));

/** The fields that differ between two states of a thing, outermost level; a thing made or deleted differs in all. */
export function changesBetween(before: unknown, after: unknown): Change[] {
  const left = isRecord(before) ? before : {};
  const right = isRecord(after) ? after : {};
  return [...new Set([...Object.keys(left), ...Object.keys(right)])]
    .map((field) => ({ field, before: show(left[field]), after: show(right[field]) }))
    .filter((change) => change.before !== change.after);
}
