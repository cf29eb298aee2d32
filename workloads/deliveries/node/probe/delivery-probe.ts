import { readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { Capability } from '@backlot/contract';
import type { CapabilityProbe, ProbeContext } from '@backlot/node/workload';
import { z } from 'zod';
import { AllowedCommand } from '../../contract.ts';

/** Folders in which targets of the kind `folder` may lie, as a list like PATH; set by the node's operator. */
export const foldersVariable = 'BACKLOT_DELIVERY_FOLDERS';
/** A JSON file with the commands that flows may run on this node: `{ name: { argv, network?, timeLimitS? } }`. */
export const commandsVariable = 'BACKLOT_DELIVERY_COMMANDS';

const CAPABILITY = {
  folders: 'delivery-folders',
  commands: 'delivery-commands',
} as const;

const Commands = z.record(z.string().regex(/^[a-z0-9][a-z0-9-]{0,59}$/), AllowedCommand);

/** Folders that the node's operator allows for deliveries, and commands that flows may run. */
export const deliveryProbe: CapabilityProbe = {
  name: 'deliveries',
  /** Never kept: a file server may be mounted at any time, and looking costs nothing. */
  fingerprint: async () => [],
  async probe(context) {
    const found = await Promise.all([probeFolders(context), probeCommands(context)]);
    return found.flatMap((capability) => capability ?? []);
  },
};

async function probeFolders({ env, log }: ProbeContext): Promise<Capability | undefined> {
  const proved: string[] = [];
  for (const folder of folders(env)) {
    const test = join(folder, `.backlot-probe-${process.pid}`);
    try {
      await writeFile(test, 'backlot');
      await rm(test);
      proved.push(await realpath(folder));
    } catch (error) {
      log.warn({ err: error, folder }, 'a folder for deliveries can’t be written');
    }
  }
  if (proved.length === 0) return undefined;
  return {
    name: CAPABILITY.folders,
    features: proved,
    details: { folders: proved },
    proof: 'wrote a file into each',
    provedAt: new Date().toISOString(),
  };
}

async function probeCommands({ env, log }: ProbeContext): Promise<Capability | undefined> {
  const file = env[commandsVariable];
  if (file === undefined || file === '') return undefined;
  try {
    const commands = Commands.parse(JSON.parse(await readFile(file, 'utf8')));
    return {
      name: CAPABILITY.commands,
      features: Object.keys(commands).sort(),
      details: { commands },
      proof: 'listed by the node’s operator',
      provedAt: new Date().toISOString(),
    };
  } catch (error) {
    log.warn({ err: error, file }, 'the list of commands can’t be read');
    return undefined;
  }
}

function folders(env: ProbeContext['env']): string[] {
  return (env[foldersVariable] ?? '')
    .split(delimiter)
    .filter((folder) => folder.startsWith('/') || /^[A-Za-z]:/.test(folder));
}

/** Folders that were proved on this node. */
export function allowedFolders(capabilities: readonly Capability[]): string[] {
  return [...(capabilities.find(({ name }) => name === CAPABILITY.folders)?.features ?? [])];
}

/** A command of the node's own list. */
export function nodeCommand(
  capabilities: readonly Capability[],
  command: string,
): AllowedCommand | undefined {
  const details = capabilities.find(({ name }) => name === CAPABILITY.commands)?.details;
  const commands = Commands.safeParse(details?.commands).data ?? {};
  return Object.hasOwn(commands, command) ? commands[command] : undefined;
}
