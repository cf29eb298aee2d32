import { constants } from 'node:os';
import type { ExitCause } from '@backlot/contract/runner/files';

/** What was seen of the end of a child. */
export interface EndFacts {
  readonly code: number | null;
  readonly signal: string | null;
  readonly sandboxed: boolean;
  /** Why the runner ended it, when it did. */
  readonly ended: 'timeout' | 'silence' | 'stopped' | undefined;
  readonly oomKills: number;
  /** The launcher's exit code when the program could not be started. */
  readonly launchFailed: number | undefined;
  /** The first bytes of stderr, as text. */
  readonly stderrHead: string;
}

export interface EndVerdict {
  readonly cause: ExitCause;
  readonly code: number | null;
  readonly signal: string | null;
  readonly message?: string;
}

/** bubblewrap's own complaints, when it could not set up the sandbox or start the program in it. */
const sandboxFault = /^bwrap: (.*)$/m;

/**
 * Says what ended a child. That the kernel had to kill for memory comes first, because the rest follows from it: a
 * render that loses a helper process to the killer ends with some error of its own, and only more memory helps it.
 */
export function exitVerdict(facts: EndFacts): EndVerdict {
  const { code, signal } = unwrapped(facts);
  if (facts.launchFailed !== undefined) {
    const message =
      facts.launchFailed === 125
        ? 'The process could not join its control group.'
        : firstLine(facts.stderrHead) || `The program could not be started (${facts.launchFailed}).`;
    return { cause: 'spawn-failed', code: null, signal: null, message };
  }
  const failed = code !== 0;
  if (facts.oomKills > 0 && failed) return { cause: 'oom', code, signal };
  if (facts.ended) return { cause: facts.ended, code, signal };
  const fault = facts.sandboxed && code === 1 ? sandboxFault.exec(facts.stderrHead)?.[1] : undefined;
  if (fault !== undefined)
    return { cause: 'spawn-failed', code: null, signal: null, message: `The sandbox failed: ${fault}` };
  return { cause: 'exited', code, signal };
}

/**
 * bubblewrap ends with 128 + n when the program in it was ended by signal n (like a shell). Signals have numbers up to
 * 31; a program that exits with such a code by itself is taken for killed, which is how everybody reads those codes.
 */
function unwrapped({ code, signal, sandboxed }: EndFacts): { code: number | null; signal: string | null } {
  if (!sandboxed || code === null || code <= 128 || code > 128 + 31) return { code, signal };
  const name = Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
  return name === undefined ? { code, signal } : { code: null, signal: name };
}

function firstLine(text: string): string {
  // dash writes "sh: 1: exec: name: reason" with the script's name and line before it; only the end is of interest.
  return (text.trim().split('\n')[0] ?? '')
    .replace(/^backlot-launcher: (line )?\d+: (exec: )?/, '')
    .slice(0, 500);
}
