import type { Phrase } from '@backlot/contract/phrase';
import { confirm as ask, isCancel } from '@clack/prompts';
import { type CommandContext, UsageError } from '../command.ts';

/**
 * Asks before something that can't be undone. `--yes` answers it; where nobody can answer, it has to be given,
 * so that a script never hangs and never does by accident what a person was meant to decide.
 */
export async function confirm(context: CommandContext, yes: boolean, question: string): Promise<boolean> {
  if (yes) return true;
  if (!context.out.interactive || process.stdin.isTTY !== true) {
    throw new UsageError(context.say(phrases.needYes, { question }));
  }
  const answer = await ask({
    message: question,
    initialValue: false,
    signal: context.signal,
    output: process.stderr,
  });
  return !isCancel(answer) && answer;
}

const phrases = {
  needYes: {
    en: '{question} Nobody can answer that here; say it with --yes.',
    'zh-CN': '{question} 此处无法询问，请用 --yes 确认。',
  },
} as const satisfies Record<string, Phrase>;
