import type { Failure, FailureClass } from '@backlot/contract';
import type { ExitFacts } from '@backlot/node/workload';
import { type NodePhrase, sentence } from '../../contract/node-phrases.ts';
import type { InstanceParameters, InstanceResult } from '../../contract.ts';
import { factsWord } from './facts-line.ts';

/** An application that ends sooner than this after its start was probably started wrongly. */
const earlyMs = 30_000;
const mebibyte = 1024 * 1024;
/** Of the log, in characters. */
const excerptLength = 4_000;

export type ExitJudgement =
  | { readonly outcome: 'ok'; readonly result: InstanceResult }
  | { readonly outcome: 'failed'; readonly failure: Failure };

export interface ExitView {
  readonly exit: ExitFacts;
  readonly parameters: Pick<InstanceParameters, 'app' | 'version'>;
  /** Bytes that the allocation was granted. */
  readonly memory: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What the end of an application means. Only an exit with code 0 is none of its failures. Pure. */
export function judgeExit({ exit, parameters, memory, stdout, stderr }: ExitView): ExitJudgement {
  const { code, signal, cause, usage } = exit;
  const fail = (
    failureClass: FailureClass,
    phrase: NodePhrase,
    params: Readonly<Record<string, string | number>>,
    more: Partial<Failure> = {},
  ): ExitJudgement => ({
    outcome: 'failed',
    failure: {
      class: failureClass,
      reason: sentence(phrase, params),
      signature: `${failureClass}:${phrase}:${parameters.app}:${parameters.version}:${signal ?? code ?? cause}`,
      ...excerptOf(stdout, stderr),
      ...more,
    },
  });
  if (cause === 'oom') {
    const peakMemory = usage.peakMemory ?? memory;
    const amounts = { used: Math.round(peakMemory / mebibyte), limit: Math.round(memory / mebibyte) };
    return fail('memory', 'streams.memory', amounts, { peakMemory });
  }
  if (cause === 'timeout' || cause === 'silence') return fail('stall', 'streams.stalled', {});
  if (signal !== null) return fail('crash', 'streams.killed', { signal });
  if (code === 0) {
    const { wallMs: uptimeMs, peakMemory } = usage;
    return {
      outcome: 'ok',
      result: { exitCode: code, uptimeMs, ...(peakMemory === undefined ? {} : { peakMemory }) },
    };
  }
  const seconds = Math.round(usage.wallMs / 1_000);
  return usage.wallMs < earlyMs
    ? fail('crash', 'streams.exited_early', { code: code ?? -1, seconds })
    : fail('crash', 'streams.exited', { code: code ?? -1 });
}

/** The end of what it said: of its errors, when there are any. */
function excerptOf(stdout: string, stderr: string): { excerpt?: string } {
  const said = stdout
    .split('\n')
    .filter((line) => !line.startsWith(`${factsWord} `))
    .join('\n')
    .trim();
  const errors = stderr.trim();
  const text = errors === '' ? said : said === '' ? errors : `${said.slice(-1_000)}\n${errors}`;
  return text === '' ? {} : { excerpt: text.slice(-excerptLength) };
}
