import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncFolder } from '../journal/durable-file.ts';
import type { AllocationFolders } from './execution.ts';

/** Where everything of an allocation is, below the folder of all of them. */
export function allocationFolders(
  parent: string,
  id: string,
): AllocationFolders & { readonly journal: string } {
  const root = join(parent, id);
  return {
    root,
    journal: join(root, 'journal'),
    inputs: join(root, 'inputs'),
    work: join(root, 'work'),
    logs: join(root, 'logs'),
  };
}

/** Makes the folder of a new allocation. Its journal holds a token, so it is nobody else's to read. */
export async function makeAllocationFolder({ root }: AllocationFolders): Promise<void> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await syncFolder(dirname(root));
}

/** Empty folders for a process that has not started. What an earlier try left there is of no use. */
export async function makeWorkFolders({ inputs, work }: AllocationFolders): Promise<void> {
  await rm(work, { recursive: true, force: true });
  await mkdir(work, { recursive: true, mode: 0o750 });
  await mkdir(inputs, { recursive: true, mode: 0o750 });
}
