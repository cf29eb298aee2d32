import { envKey, type Settings } from './setting.ts';

/**
 * Values as environment variables, for a process that reads the same settings. Every value that is set is in
 * it, so that the other process decides nothing anew.
 */
export function toEnvironment(
  table: Settings,
  values: Readonly<Record<string, unknown>>,
): Record<string, string> {
  const env: Record<string, string> = {};
  for (const name of Object.keys(table)) {
    const text = toText(values[name]);
    if (text !== '') env[envKey(name)] = text;
  }
  return env;
}

/** The notation that the schemas read from the environment. */
function toText(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([key, entry]) => `${key}=${entry}`)
      .join(',');
  }
  return String(value);
}
