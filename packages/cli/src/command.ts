import { problemOfShape } from '@backlot/contract/flow/check/problems';
import type { Language, Phrase, PhraseParams, Reason } from '@backlot/contract/phrase';
import type { ApiClient } from '@backlot/sdk';
import type { z } from 'zod';
import type { ExitCode } from './exit-codes.ts';

/** What commands about a project begin with: the one that was named, else the only one there is. */
export { findByName, findProject } from './commands/find.ts';
/** Amounts and other people's words as a terminal shows them. */
export { formatBytes, formatDuration } from './output/amounts.ts';
export { oneLine } from './output/columns.ts';
/** Files to and from the store: resumed, checked, with a bar. */
export { DownloadBroken, downloadArtifact } from './transfer/download-artifact.ts';
export { uploadFile } from './transfer/upload-file.ts';

/**
 * The port by which a workload adds commands to `backlot`: a command is data (its words, arguments, options
 * and examples), a schema that turns what was typed into an input, and one function. The frame does the rest:
 * parsing, `--help`, `--json`, signing in, progress on a terminal, errors as sentences, exit codes.
 *
 * ```ts
 * export const rendersCommands: readonly CliCommand[] = [
 *   defineCommand({
 *     name: 'render',
 *     summary: { en: 'Render a model or a .blend', 'zh-CN': '渲染模型或 .blend 文件' },
 *     arguments: [{ name: 'file', description: { en: 'What to render', 'zh-CN': '要渲染的文件' } }],
 *     options: [{ flags: '--frames <range>', description: { en: 'Frames, as 1-60', 'zh-CN': '帧范围，如 1-60' } }],
 *     examples: [{ command: 'backlot render chair.glb', description: { en: 'One picture', 'zh-CN': '渲染一张图片' } }],
 *     input: z.object({ file: z.string(), frames: z.string().optional() }),
 *     async run(context, { file }) { … return exitCodes.ok; },
 *   }),
 * ];
 * ```
 */
export type CliCommand = CliAction | CliGroup;

/** A word with further words behind it: `backlot jobs list`. */
export interface CliGroup {
  readonly name: string;
  readonly summary: Phrase;
  readonly commands: readonly CliCommand[];
}

/** A word that does something. Made by {@link defineCommand}, which ties `input` to `run`. */
export interface CliAction {
  readonly name: string;
  readonly summary: Phrase;
  /** More than a sentence: what it does, what it leaves alone, what its result looks like. */
  readonly description?: Phrase;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly ExampleSpec[];
  /** True keeps it out of `backlot --help`: a command for other programs, not for people. */
  readonly hidden?: boolean;
  /**
   * @param raw the arguments by name and the options by camel-cased long name, as typed.
   * @throws UsageError when they do not fit the command's schema.
   */
  readonly run: (context: CommandContext, raw: Readonly<Record<string, unknown>>) => Promise<ExitCode>;
}

/** A positional argument. */
export interface ArgumentSpec {
  readonly name: string;
  readonly description: Phrase;
  readonly optional?: boolean;
  /** Takes all that follow; only the last argument can be. */
  readonly variadic?: boolean;
}

/** An option, in the notation of commander: `--out <dir>`, `-f, --follow`, `--no-sandbox`, `--label <k=v...>`. */
export interface OptionSpec {
  readonly flags: string;
  readonly description: Phrase;
  /** Allowed values, shown in the help and checked before the schema sees them. */
  readonly choices?: readonly string[];
  /** Shown in the help. The schema of the command applies it. */
  readonly defaultText?: string;
}

export interface ExampleSpec {
  readonly command: string;
  readonly description: Phrase;
}

/** What a command is given. It reaches the world through this alone, so that tests can give it another one. */
export interface CommandContext {
  readonly out: Output;
  /** The language of this terminal, from `--language`, `BACKLOT_LANGUAGE` or the locale. */
  readonly language: Language;
  /** The sentence in the language of this terminal, with its parameters filled in. */
  say(phrase: Phrase, params?: PhraseParams): string;
  /**
   * The API as the signed-in account (or `BACKLOT_TOKEN`) sees it.
   * @throws CliError `not_signed_in` with the sentence that says how to sign in.
   */
  api(): Promise<ApiClient>;
  /**
   * What turns a reason (why work waits, why it failed) into a sentence in the language of this terminal. The
   * sentences of all workloads are loaded for it the first time, and only when the language is not the stored one.
   */
  reasons(): Promise<(reason: Reason) => string>;
  /** What `--url` says, for the commands that work without being signed in. */
  readonly address: string | undefined;
  /** Aborted by the first Ctrl-C or SIGTERM; a second one ends the process. */
  readonly signal: AbortSignal;
  /** Folder that relative paths on the command line start from. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Where a command speaks. Results go to stdout, everything else to stderr, so that a pipe sees only results. */
export interface Output {
  /** True with `--json`: every result is one JSON document (or, for streams, one per line). */
  readonly json: boolean;
  /** True when a person is watching: stderr is a terminal and neither `--json` nor `CI` is set. */
  readonly interactive: boolean;
  /** The result: as JSON with `--json`, else as the lines that `render` makes of it. */
  result<T>(value: T, render: (value: T) => string | readonly string[]): void;
  /** One item of a stream: one line of JSON with `--json`, else the text. */
  item<T>(value: T, render: (value: T) => string): void;
  /** Bytes as they are (a log), to stdout. */
  raw(bytes: Uint8Array | string): void;
  /** Something a person should know on the way; silent with `--json`. */
  note(text: string): void;
  /** Something that does not stop the command but should be seen even with `--json`. */
  warn(text: string): void;
  /** Aligned columns under a heading, for `render` functions. Wide characters count as two. */
  table(columns: readonly string[], rows: readonly (readonly string[])[]): readonly string[];
  /** Shows how far something has come: a bar on a terminal, now and then a line elsewhere. */
  progress(options: ProgressOptions): Progress;
}

export interface ProgressOptions {
  /** What goes on: "Uploading chair.glb". */
  readonly title: string;
  /** How much there is to do; left out when nobody knows yet. */
  readonly total?: number;
  /** How to write an amount; `bytes` shows KiB/MiB and a rate. */
  readonly unit?: 'bytes' | 'items';
}

/** A running display. Its owner ends it exactly once, with `succeed` or `fail`. */
export interface Progress {
  update(state: { readonly done?: number; readonly total?: number; readonly note?: string }): void;
  succeed(note?: string): void;
  fail(note?: string): void;
}

/** What was typed does not make sense. The message is a sentence for the person who typed it. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/**
 * Ties the schema of a command to its function and forgets the type, so that commands of all shapes fit one list.
 * A `run` that returns nothing has succeeded.
 */
export function defineCommand<Schema extends z.ZodType>(
  command: Omit<CliAction, 'run'> & {
    readonly input: Schema;
    readonly run: (context: CommandContext, input: z.output<Schema>) => Promise<ExitCode | undefined>;
  },
): CliAction {
  const { input, run, ...words } = command;
  return {
    ...words,
    async run(context, raw) {
      const parsed = input.safeParse(raw, { reportInput: true });
      if (!parsed.success) {
        throw new UsageError(describeIssues(parsed.error.issues, words, context.language));
      }
      return (await run(context, parsed.data)) ?? 0;
    },
  };
}

/** One sentence per thing that is wrong, each beginning with the argument or option it is about. */
function describeIssues(
  issues: readonly z.core.$ZodIssue[],
  words: Pick<CliAction, 'arguments'>,
  language: Language,
): string {
  return issues
    .map((issue) => {
      const { path } = issue;
      const message = problemOfShape(issue)[language];
      const key = String(path[0] ?? '');
      if (key === '') return message;
      const isArgument = words.arguments?.some((argument) => argument.name === key) ?? false;
      return `${isArgument ? `<${key}>` : `--${kebabCase(key)}`}: ${message}`;
    })
    .join('\n');
}

function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
