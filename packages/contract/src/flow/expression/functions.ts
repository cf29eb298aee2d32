/** A function of the expression language. Values are JSON or undefined; what does not fit gives undefined, never an error. */
export interface ExpressionFunction {
  readonly least: number;
  readonly most: number;
  run(values: readonly unknown[]): unknown;
}

const text = (value: unknown): string | undefined =>
  typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
const onText = (run: (value: string) => unknown): ExpressionFunction => ({
  least: 1,
  most: 1,
  run: ([value]) => {
    const found = text(value);
    return found === undefined ? undefined : run(found);
  },
});
const onTexts = (run: (value: string, other: string) => boolean): ExpressionFunction => ({
  least: 2,
  most: 2,
  run: ([value, other]) => run(text(value) ?? '', text(other) ?? ''),
});
const onNumbers = (run: (...values: number[]) => number): ExpressionFunction => ({
  least: 1,
  most: 10,
  run: (values) =>
    values.every((value) => typeof value === 'number') ? run(...(values as number[])) : undefined,
});

/** All functions that there are. None builds anything longer than what it is given. */
export const expressionFunctions: Readonly<Record<string, ExpressionFunction>> = {
  lower: onText((value) => value.toLowerCase()),
  upper: onText((value) => value.toUpperCase()),
  trim: onText((value) => value.trim()),
  number: onText((value) =>
    value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined,
  ),
  contains: {
    least: 2,
    most: 2,
    run: ([value, other]) =>
      Array.isArray(value)
        ? value.some((one) => one === other)
        : (text(value) ?? '').includes(text(other) ?? ''),
  },
  startsWith: onTexts((value, other) => value.startsWith(other)),
  endsWith: onTexts((value, other) => value.endsWith(other)),
  length: {
    least: 1,
    most: 1,
    run: ([value]) => (Array.isArray(value) || typeof value === 'string' ? value.length : undefined),
  },
  exists: { least: 1, most: 1, run: ([value]) => value !== undefined && value !== null },
  default: {
    least: 2,
    most: 2,
    run: ([value, other]) => (value === undefined || value === null || value === '' ? other : value),
  },
  min: onNumbers(Math.min),
  max: onNumbers(Math.max),
  round: onNumbers((value) => Math.round(value)),
  /** `date("2026-11-26T20:00:00Z")` is `2026-11-26`, of an ISO time or of milliseconds since 1970; UTC. */
  date: { least: 1, most: 1, run: ([value]) => isoOf(value)?.slice(0, 10) },
  /** `20-00-00`, which every file system takes; UTC. */
  time: { least: 1, most: 1, run: ([value]) => isoOf(value)?.slice(11, 19).replaceAll(':', '-') },
};

function isoOf(value: unknown): string | undefined {
  const at = typeof value === 'number' ? value : typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isFinite(at) && Math.abs(at) < 8.64e15 ? new Date(at).toISOString() : undefined;
}
