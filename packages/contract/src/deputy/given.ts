import type { TaskDraft } from '../task.ts';

/** SHA-256 in hex, as `Digest` has it. */
const digest = /^[0-9a-f]{64}$/;

/**
 * The bytes that a step works with, one digest a line: those of its inputs, and those that its parameters name, as the file
 * that a copy is compared with. In order and each once, so that the same files always give the same text. A step that was
 * run alone counts only when it was given what the control plane would have given it.
 */
export function givenText({ inputs, parameters }: Pick<TaskDraft, 'inputs' | 'parameters'>): string {
  const digests = new Set(inputs.map((input) => input.digest));
  collect(parameters, digests);
  return [...digests].sort().join('\n');
}

function collect(value: unknown, into: Set<string>): void {
  if (typeof value === 'string') {
    if (digest.test(value)) into.add(value);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const one of Object.values(value)) collect(one, into);
}
