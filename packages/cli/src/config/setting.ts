import { durationMs } from '@backlot/contract/flow/duration';
import type { Phrase } from '@backlot/contract/phrase';
import { z } from 'zod';

/**
 * One thing that can be configured. Its key in a YAML file is its name here in snake case (`public_url`), its
 * environment variable the same in capitals with our prefix (`BACKLOT_PUBLIC_URL`).
 */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** Checks and converts; gets a string from the environment, or what YAML made of the file. */
  readonly schema: Schema;
  /** What it is when nobody says; in words where it depends on the machine. */
  readonly defaultText: string;
  readonly help: Phrase;
  /** A value for the commented line of `backlot init`. */
  readonly example: string;
  /** Never shown again: printed as `********` by `backlot doctor`. */
  readonly secret?: true;
}

export type Settings = Readonly<Record<string, Setting>>;

/** The values of a table of settings, under the same names. */
export type ValuesOf<Table extends Settings> = {
  readonly [Name in keyof Table]: z.output<Table[Name]['schema']>;
};

export function defineSettings<const Table extends Settings>(table: Table): Table {
  return table;
}

/** `publicUrl` -> `public_url` */
export function fileKey(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `publicUrl` -> `BACKLOT_PUBLIC_URL` */
export function envKey(name: string): string {
  return `BACKLOT_${fileKey(name).toUpperCase()}`;
}

/** A port to listen on; 0 lets the system choose one. */
export const portSchema = z.coerce
  .number<unknown>({ error: 'a port is a number' })
  .int('a port is a whole number')
  .min(0, 'a port is at least 0')
  .max(65_535, 'a port is at most 65535');

export const urlSchema = z
  .url({ protocol: /^https?$/, error: 'write it as http://name:port or https://name' })
  .transform((value) => value.replace(/\/+$/, ''));

/** A list: from YAML as it is, from the environment with commas between the entries. */
export const listSchema = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? value
          .split(',')
          .map((entry) => entry.trim())
          .filter((entry) => entry !== '')
      : value,
  z.array(z.string()),
);

/** `key=value` pairs: from YAML a map, from the environment `a=1,b=2`. */
export const labelsSchema = z.preprocess(
  (value) =>
    typeof value === 'string'
      ? Object.fromEntries(
          value
            .split(',')
            .filter((pair) => pair.trim() !== '')
            .map((pair) => {
              const at = pair.indexOf('=');
              return at === -1 ? [pair.trim(), ''] : [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
            }),
        )
      : value,
  z.record(z.string(), z.string()),
);

/** On or off, in the words that people use for it. YAML makes booleans of some of them. */
export const switchSchema = z.preprocess(
  (value) =>
    typeof value === 'string' || typeof value === 'number'
      ? switchWords[String(value).trim().toLowerCase()]
      : value,
  z.boolean({ error: 'it is on or off' }),
);
const switchWords: Readonly<Record<string, boolean>> = {
  on: true,
  true: true,
  yes: true,
  '1': true,
  off: false,
  false: false,
  no: false,
  '0': false,
};

/** `30s`, `5m`, `2h`. Stays the text that it was, so that it can be handed to another process; `durationMs` reads it. */
export const durationSchema = z
  .string({ error: 'write it as 30s, 5m or 2h' })
  .refine((text) => durationMs(text) !== undefined, 'write it as 30s, 5m or 2h')
  .refine((text) => (durationMs(text) ?? 1_000) >= 1_000, 'it is at least 1s');

export const logLevelSchema = z.enum(['trace', 'debug', 'info', 'warn', 'error'], {
  error: 'it is one of trace, debug, info, warn, error',
});
