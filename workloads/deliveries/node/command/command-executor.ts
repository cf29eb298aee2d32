import { mkdir } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { type TaskContext, type TaskExecutor, TaskFailure } from '@backlot/node/workload';
import type { z } from 'zod';
import {
  type AllowedCommand,
  CommandParameters,
  DressedCommand,
  deliveryFailure,
  FILE_INPUT,
} from '../../contract.ts';
import { nodeCommand } from '../probe/delivery-probe.ts';
import { commandArgv } from './command-argv.ts';

const Parameters = CommandParameters.extend({ secrets: DressedCommand.optional() });
type Parameters = z.infer<typeof Parameters>;

/** Of what it prints. Bytes. */
const keptOutput = 32_000;

/** `deliveries.command`: a program that somebody with the right to has allowed by name, in the sandbox. Never a shell. */
export const commandExecutor: TaskExecutor<Parameters> = {
  parameters: Parameters,
  async prepare(context) {
    const command = commandOf(context);
    const { args, file } = context.parameters;
    const path = file ? join(context.inputsDir, FILE_INPUT) : undefined;
    const argv = commandArgv(command, { args, file: path });
    await mkdir(context.workDir, { recursive: true });
    const [program] = argv;
    return {
      argv,
      sandbox: {
        network: command.network ? 'host' : 'none',
        // A program of the operator's own, wherever it stands.
        readOnly: isAbsolute(program) ? [dirname(program)] : [],
      },
      limits: { wallMs: command.timeLimitS * 1_000 },
    };
  },
  async conclude(context) {
    const { exit, parameters } = context;
    const { command } = parameters;
    if (exit.cause === 'timeout') {
      const seconds = commandOf(context).timeLimitS;
      return {
        outcome: 'failed',
        failure: deliveryFailure('stall', 'deliveries.command_slow', { command, seconds }, command),
      };
    }
    const stdout = (await context.logTail('stdout', keptOutput)).toWellFormed().replaceAll('\0', '');
    if (exit.code !== 0) {
      const code = exit.code ?? exit.signal ?? '?';
      const failure = deliveryFailure(
        'crash',
        'deliveries.command_failed',
        { command, code },
        `${command}:${code}`,
      );
      const excerpt = (await context.logTail('stderr', 2_000)).toWellFormed().replaceAll('\0', '');
      return { outcome: 'failed', failure: { ...failure, excerpt } };
    }
    const json = jsonOf(stdout);
    return {
      outcome: 'ok',
      outputs: [],
      result: { exitCode: 0, stdout, ...(json === undefined ? {} : { json }) },
    };
  },
};

/** The node's own list wins: its operator knows the machine. */
function commandOf({ capabilities, parameters }: TaskContext<Parameters>): AllowedCommand {
  const { command, secrets } = parameters;
  const found = nodeCommand(capabilities, command) ?? secrets?.command;
  if (found) return found;
  throw new TaskFailure(
    deliveryFailure('capability', 'deliveries.command_not_allowed', { command }, command),
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
