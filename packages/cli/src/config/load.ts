import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { parse, YAMLParseError } from 'yaml';
import { defaultConfigDir, type Machine } from './data-dir.ts';
import { envKey, fileKey, type Settings, type ValuesOf } from './setting.ts';
import { suggest } from './suggest.ts';

export interface ConfigSources {
  readonly machine: Machine;
  /** `control` or `node`: the name of the file that is looked for when none is named. */
  readonly kind: string;
  /** `--config`. */
  readonly file?: string | undefined;
  /** Options of the command line, by setting; they win over everything else. */
  readonly flags?: Readonly<Record<string, unknown>>;
  readonly cwd: string;
}

/** Where a value came from, for messages and for `backlot doctor`. */
export type Origin =
  | { readonly kind: 'flag' }
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'default' };

export interface LoadedConfig<Table extends Settings> {
  readonly values: ValuesOf<Table>;
  readonly origins: Readonly<Record<keyof Table & string, Origin>>;
  /** The file that was read, if there was one. */
  readonly file: string | undefined;
}

/**
 * The configuration: command line before environment before file before default, every value checked, and
 * nothing in the file that is not a setting, so that a slip of the pen is not silently the default.
 *
 * @throws config_unreadable, config_unknown_key, config_invalid
 */
export function loadConfig<Table extends Settings>(
  table: Table,
  sources: ConfigSources,
): LoadedConfig<Table> {
  const { env } = sources.machine;
  const file = findFile(sources);
  const written = file === undefined ? {} : readFile(file);
  if (file !== undefined) refuseUnknownKeys(table, written, file);

  const values: Record<string, unknown> = {};
  const origins: Record<string, Origin> = {};
  for (const [name, setting] of Object.entries(table)) {
    const origin = originOf(name, sources.flags ?? {}, env, written, file);
    const raw = valueAt(name, origin, sources.flags ?? {}, env, written);
    const parsed = setting.schema.safeParse(raw);
    if (!parsed.success) {
      throw new BacklotError(cliErrors.config_invalid, {
        params: {
          ...describe(name, origin),
          reason: parsed.error.issues.map((issue) => issue.message).join('; '),
        },
      });
    }
    values[name] = parsed.data;
    origins[name] = origin;
  }
  return {
    values: values as ValuesOf<Table>,
    origins: origins as Record<keyof Table & string, Origin>,
    file,
  };
}

/** Variables with our prefix that are close to a setting but none: most likely misspelt. */
export function misspeltVariables(
  tables: readonly Settings[],
  env: Machine['env'],
): { readonly name: string; readonly meant: string }[] {
  const known = tables.flatMap((table) => Object.keys(table).map(envKey));
  return Object.keys(env).flatMap((name) => {
    if (!name.startsWith('BACKLOT_') || known.includes(name)) return [];
    const meant = suggest(name, known);
    return meant === undefined ? [] : [{ name, meant }];
  });
}

function findFile({ machine, kind, file, cwd }: ConfigSources): string | undefined {
  const named = file ?? machine.env.BACKLOT_CONFIG;
  if (named !== undefined && named !== '') return resolve(cwd, named);
  const usual = join(defaultConfigDir(machine), `${kind}.yaml`);
  return existsSync(usual) ? usual : undefined;
}

function readFile(file: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parse(readFileSync(file, 'utf8'));
    if (value === null || value === undefined) return {};
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
    throw new Error('it must consist of lines like "port: 8080"');
  } catch (error) {
    const reason = error instanceof YAMLParseError ? (error.message.split('\n')[0] ?? '') : messageOf(error);
    throw new BacklotError(cliErrors.config_unreadable, { params: { file, reason }, cause: error });
  }
}

function refuseUnknownKeys(table: Settings, written: Readonly<Record<string, unknown>>, file: string): void {
  const known = Object.keys(table).map(fileKey);
  for (const key of Object.keys(written)) {
    if (known.includes(key)) continue;
    const meant = suggest(key, known);
    throw new BacklotError(cliErrors.config_unknown_key, {
      params: { source: file, key, suggestion: meant === undefined ? '' : ` Did you mean ${meant}?` },
    });
  }
}

function originOf(
  name: string,
  flags: Readonly<Record<string, unknown>>,
  env: Machine['env'],
  written: Readonly<Record<string, unknown>>,
  file: string | undefined,
): Origin {
  if (flags[name] !== undefined) return { kind: 'flag' };
  const variable = env[envKey(name)];
  // An empty variable is what `docker run -e NAME` and many unit files make of "not set".
  if (variable !== undefined && variable !== '') return { kind: 'environment', name: envKey(name) };
  const value = written[fileKey(name)];
  if (file !== undefined && value !== undefined && value !== null) return { kind: 'file', path: file };
  return { kind: 'default' };
}

function valueAt(
  name: string,
  origin: Origin,
  flags: Readonly<Record<string, unknown>>,
  env: Machine['env'],
  written: Readonly<Record<string, unknown>>,
): unknown {
  if (origin.kind === 'flag') return flags[name];
  if (origin.kind === 'environment') return env[origin.name];
  return origin.kind === 'file' ? written[fileKey(name)] : undefined;
}

function describe(name: string, origin: Origin): { key: string; source: string } {
  if (origin.kind === 'environment') return { key: origin.name, source: 'the environment' };
  if (origin.kind === 'flag')
    return { key: `--${fileKey(name).replaceAll('_', '-')}`, source: 'the command line' };
  return { key: fileKey(name), source: origin.kind === 'file' ? origin.path : 'the defaults' };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
