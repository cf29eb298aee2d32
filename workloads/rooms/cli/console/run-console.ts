import { createInterface, type Interface } from 'node:readline';
import type { CommandContext } from '@backlot/cli/command';
import type { ConsoleAnswer, ConsoleKind, ConsoleRequest } from '../../contract/api.ts';
import { consoleCommands, findCommand, parseLine } from './commands.ts';

export interface ConsoleOptions {
  readonly context: Pick<CommandContext, 'say' | 'out' | 'signal'>;
  /** Asks the control plane. */
  readonly ask: (request: ConsoleRequest) => Promise<ConsoleAnswer>;
  readonly input: NodeJS.ReadableStream;
  /** Where the prompt and the answers go when a person types; null for a pipe. */
  readonly terminal: NodeJS.WritableStream | null;
}

/**
 * Reads commands line by line until `quit`, the end of the input, or Ctrl-C. A person has a prompt, completion and a
 * history; a pipe has neither, and with `--json` gets one document for each answer.
 * @returns how many commands failed
 */
export async function runConsole({ context, ask, input, terminal }: ConsoleOptions): Promise<number> {
  const lines = createInterface({
    input,
    ...(terminal
      ? {
          output: terminal,
          terminal: true,
          historySize: 500,
          completer: (line: string, done: (error: null, result: [string[], string]) => void) => {
            void complete(line, ask).then((result) => done(null, result));
          },
        }
      : { terminal: false }),
    prompt: 'backlot> ',
  });
  const stop = () => lines.close();
  context.signal.addEventListener('abort', stop, { once: true });
  try {
    return await converse(lines, { context, ask, input, terminal });
  } finally {
    context.signal.removeEventListener('abort', stop);
    lines.close();
  }
}

async function converse(lines: Interface, { context, ask, terminal }: ConsoleOptions): Promise<number> {
  let failed = 0;
  if (terminal) lines.prompt();
  for await (const line of lines) {
    const parsed = parseLine(line);
    if (parsed.do === 'quit') break;
    if (parsed.do === 'help') {
      for (const { usage, help } of consoleCommands) {
        context.out.item({ usage, help: help.en }, () => `${usage.padEnd(32)}${context.say(help)}`);
      }
    } else if (parsed.do === 'complain') {
      failed += 1;
      context.out.warn(context.say(parsed.about, parsed.params));
    } else if (parsed.do === 'ask') {
      failed += await answer(context, ask, parsed.request);
    }
    if (terminal && !context.signal.aborted) lines.prompt();
  }
  return failed;
}

async function answer(
  { out }: ConsoleOptions['context'],
  ask: ConsoleOptions['ask'],
  request: ConsoleRequest,
): Promise<number> {
  try {
    const { nodes } = await ask(request);
    for (const node of nodes) out.item(node, () => describe(node));
    return nodes.some(({ error }) => error !== null) ? 1 : 0;
  } catch (error) {
    // A command that fails ends itself, not the console.
    out.warn(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

function describe({ nodeName, data, error }: ConsoleAnswer['nodes'][number]): string {
  return error === null ? `${nodeName}: ${JSON.stringify(data, null, 2)}` : `${nodeName}: ${error}`;
}

/** What could be meant: names of commands, then words or ids that fit. Nothing when the control plane does not answer. */
export async function complete(line: string, ask: ConsoleOptions['ask']): Promise<[string[], string]> {
  const words = line.split(/\s+/);
  const typed = words.at(-1) ?? '';
  if (words.length <= 1) {
    const names = consoleCommands.flatMap(({ names: all }) => all);
    return [names.filter((name) => name.startsWith(typed)), typed];
  }
  const argument = findCommand(words[0] ?? '')?.argument;
  if (argument === undefined) return [[], typed];
  const candidates = typeof argument === 'string' ? await idsOf(argument, ask) : argument;
  return [candidates.filter((candidate) => candidate.startsWith(typed)), typed];
}

async function idsOf(kind: ConsoleKind, ask: ConsoleOptions['ask']): Promise<string[]> {
  try {
    const { nodes } = await ask({ command: 'ids', kind });
    return nodes.flatMap(({ data }) => (Array.isArray(data) ? data.map(String) : []));
  } catch {
    return [];
  }
}
