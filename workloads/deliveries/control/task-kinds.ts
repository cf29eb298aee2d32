import type { TaskDraft } from '@backlot/contract';
import type { Kernel, TaskKind, Tx } from '@backlot/control/workload';
import {
  COMMAND_TASK,
  CommandParameters,
  CommandResult,
  type DressedCommand,
  type DressedTarget,
  FileTargetKind,
  keepsFiles,
  TEST_TASK,
  TestParameters,
  TestTaskResult,
  UPLOAD_TASK,
  UploadParameters,
  UploadResult,
  VERIFY_TASK,
  VerifyParameters,
  VerifyResult,
} from '../contract.ts';
import { tables } from './tables.ts';
import { findTarget } from './targets/find-target.ts';
import { Targets } from './targets/targets.ts';

/** What a node must have proved for a kind of target. */
const needs: Readonly<Record<string, string>> = { rclone: 'rclone', folder: 'delivery-folders' };

/** Places by the target's own limit, and only nodes that can reach it. Reading back does not wait behind sending. */
function fitTo(lane: 'send' | 'read') {
  return async (
    draft: TaskDraft,
    tx: Tx,
    { projectId }: { readonly projectId: string },
  ): Promise<TaskDraft> => {
    const target = await findTarget(tx, projectId, draft.parameters.target);
    if (!target) return draft;
    const capability = needs[target.kind];
    const key = `deliveries:${target.id}${lane === 'read' ? ':read' : ''}`;
    return {
      ...draft,
      resources: { ...draft.resources, slot: { key, perNode: target.limits.parallel, perGpu: null } },
      constraints: {
        ...draft.constraints,
        capabilities: [
          ...draft.constraints.capabilities,
          ...(capability === undefined ? [] : [{ name: capability, features: [] }]),
        ],
      },
    };
  };
}

async function dressTarget(
  parameters: Readonly<Record<string, unknown>>,
  kernel: Kernel,
  { projectId }: { readonly projectId: string },
): Promise<DressedTarget> {
  const row = await findTarget(kernel.db, projectId, parameters.target);
  if (!row) return { missing: 'unknown' };
  if (!keepsFiles(row.kind)) return { missing: 'wrong-kind' };
  if (!row.enabled) return { missing: 'disabled' };
  const secrets = await new Targets(kernel).secretsOf(row);
  if (!secrets) return { missing: 'sealed' };
  return {
    target: {
      id: row.id,
      name: row.name,
      kind: FileTargetKind.parse(row.kind),
      settings: row.settings,
      secrets,
      limits: row.limits,
      down: row.health === 'down',
      untried: row.health === 'unknown',
    },
  };
}

async function dressCommand(
  parameters: Readonly<Record<string, unknown>>,
  kernel: Kernel,
): Promise<DressedCommand> {
  const row = await tables(kernel.db)
    .selectFrom('delivery_command')
    .select('spec')
    .where('name', '=', String(parameters.command))
    .executeTakeFirst();
  return { command: row?.spec ?? null };
}
export const taskKinds: Readonly<Record<string, TaskKind>> = {
  [UPLOAD_TASK]: {
    parameters: UploadParameters,
    result: UploadResult,
    fit: fitTo('send'),
    dress: dressTarget,
  },
  [VERIFY_TASK]: {
    parameters: VerifyParameters,
    result: VerifyResult,
    fit: fitTo('read'),
    dress: dressTarget,
  },
  [TEST_TASK]: {
    parameters: TestParameters,
    result: TestTaskResult,
    fit: async (draft, tx, where) => {
      const { constraints } = await fitTo('read')(draft, tx, where);
      return { ...draft, constraints };
    },
    dress: dressTarget,
  },
  [COMMAND_TASK]: { parameters: CommandParameters, result: CommandResult, dress: dressCommand },
};
