/** A line of a part's output, as a person at a terminal should see it. */
export interface ReadableLine {
  readonly level: Level;
  readonly text: string;
}

export const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
export type Level = (typeof levels)[number];

/** Whether a line is at least as grave as `least`. */
export function isAtLeast(level: Level, least: Level): boolean {
  return levels.indexOf(level) >= levels.indexOf(least);
}

/** Reads a line of pino's JSON. What is none (a crash, a library's own words) counts as an error and stays as it is. */
export function readLogLine(part: string, line: string): ReadableLine {
  const entry = parse(line);
  if (!entry) return { level: 'error', text: `[${part}] ${line}` };
  const level = levelOf(entry.level);
  const message = typeof entry.msg === 'string' ? entry.msg : '';
  return { level, text: `[${part}] ${level}: ${message}${describeError(entry.err)}${describeRest(entry)}` };
}

function parse(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'level' in value
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Our parts write the level's name; pino's own notation is its number (10 for trace, 20 for debug, …). */
function levelOf(value: unknown): Level {
  const known =
    typeof value === 'number' ? levels[Math.round(value / 10) - 1] : levels.find((name) => name === value);
  return known ?? 'info';
}

function describeError(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('message' in error)) return '';
  return ` (${String(error.message)})`;
}

/** Fields that every line has, or that are said already. */
const usual = new Set(['level', 'time', 'pid', 'hostname', 'name', 'msg', 'err']);

/** What else a line knows, as far as it is short enough for one. */
function describeRest(entry: Readonly<Record<string, unknown>>): string {
  return Object.entries(entry)
    .filter(([key, value]) => !usual.has(key) && (typeof value === 'string' || typeof value === 'number'))
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`)
    .join('')
    .slice(0, 300);
}
