import { chooseLanguage, type Language } from '@backlot/contract/phrase';
import { config as configureZod, locales } from 'zod';
import manifest from '../package.json' with { type: 'json' };
import type { CliCommand } from './command.ts';
import { ownCommands } from './commands/index.ts';
import { createContext } from './context.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { reportFailure } from './failure.ts';
import { exitCodeOf, Interrupt, listenForInterrupts } from './interrupt.ts';
import type { Product } from './product.ts';
import { type GlobalOptions, runProgram } from './program.ts';
import { supervisorChannel } from './supervisor-channel.ts';
import { whereOneStands } from './where-one-stands.ts';

/** The version of this release: all our packages have the same. */
export const { version } = manifest;

export interface MainOptions extends Product {
  readonly process: NodeJS.Process;
}

/** `backlot`, from its arguments to its exit code. Everything that goes wrong ends here as a sentence. */
export async function main({ process, workloads, entry }: MainOptions): Promise<void> {
  const argv = process.argv.slice(2);
  const language = languageOf(argv, process.env);
  if (language === 'zh-CN') configureZod(locales.zhCN());
  const interrupts = listenForInterrupts(process);
  survivePipes(process);
  let json = argv.includes('--json');
  try {
    process.exitCode = await runProgram(argv, {
      version,
      language,
      commands: await commandsFor(argv, { workloads, entry }),
      write: (text) => process.stdout.write(text),
      context: (options: GlobalOptions) => {
        json = options.json ?? false;
        return createContext({
          json,
          language,
          url: options.url,
          signal: interrupts.signal,
          stdout: process.stdout,
          stderr: process.stderr,
          cwd: whereOneStands(process.env, process.cwd()),
          env: process.env,
          workloads,
        });
      },
    });
  } catch (error) {
    const { reason } = interrupts.signal;
    const wasAsked = reason instanceof Interrupt && (error === reason || isAbort(error));
    process.exitCode = wasAsked ? exitCodeOf(reason.why) : fail(error, json, language, process);
  } finally {
    interrupts.close();
    endSoon(process);
  }
}

/** A command's own name means its own file only: `backlot up` must not wait for what other commands import. */
async function commandsFor(argv: readonly string[], product: Product): Promise<readonly CliCommand[]> {
  const own = ownCommands(product);
  const first = argv.find((word) => !word.startsWith('-'));
  if (own.some((command) => command.name === first)) return own;
  const contributed = await Promise.all(product.workloads.map((workload) => workload.commands()));
  return [...own, ...contributed.flat()];
}

function fail(error: unknown, json: boolean, language: Language, process: NodeJS.Process): ExitCode {
  const report = reportFailure(error, language);
  supervisorChannel(process)?.tell({ t: 'failed', code: report.code, message: report.message });
  if (json) {
    const { code, message, details } = report;
    process.stderr.write(`${JSON.stringify({ error: { code, message, details } })}\n`);
  } else {
    process.stderr.write(
      `${[`✗ ${report.message}`, ...report.details.map((line) => `  ${line}`)].join('\n')}\n`,
    );
  }
  if (report.stack !== undefined) process.stderr.write(`${report.stack}\n`);
  return report.exitCode;
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

/** `--language` decides before anything is parsed, because the help itself is in a language. */
function languageOf(argv: readonly string[], env: NodeJS.ProcessEnv): Language {
  const at = argv.indexOf('--language');
  const named = at === -1 ? argv.find((word) => word.startsWith('--language='))?.slice(11) : argv[at + 1];
  // POSIX: a variable that is empty is as if it were not set.
  const wish = named ?? (env.BACKLOT_LANGUAGE || env.LC_ALL || env.LC_MESSAGES || env.LANG);
  return chooseLanguage(wish?.replace(/[.@].*$/, '').replace('_', '-'));
}

/** `backlot jobs list | head`: a reader that has seen enough is no failure, and must not end a server. */
function survivePipes(process: NodeJS.Process): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      if (!isServer(process.argv[2])) process.exit(exitCodes.ok);
    });
  }
}

function isServer(command: string | undefined): boolean {
  return command === 'up' || command === 'control' || command === 'node';
}

/** The channel to a supervisor, and anything forgotten, must not keep a finished command alive. */
function endSoon(process: NodeJS.Process): void {
  if (process.channel && process.connected) process.disconnect();
  setTimeout(() => process.exit(), 2000).unref();
}
