import { BacklotError, kernelErrors, type TaskDraft, type TaskInput } from '@backlot/contract';
import { issuesOf, type Kinds } from './kinds.ts';

/**
 * A held task's spec with what has come for it: parameters are merged by key, inputs by name.
 * @throws invalid_input when the parameters don't fit the task's kind any more
 */
export function releasedSpec(
  kinds: Kinds,
  spec: TaskDraft,
  update: {
    readonly parameters?: Record<string, unknown>;
    readonly inputs?: readonly TaskInput[];
  },
): TaskDraft {
  const parameters = { ...spec.parameters, ...update.parameters };
  const checked = kinds.findTask(spec.kind)?.parameters.safeParse(parameters);
  if (checked && !checked.success) {
    const issues = issuesOf(checked.error, 'parameters');
    throw new BacklotError(kernelErrors.invalid_input, {
      params: { reason: issues[0] ? `${issues[0].pointer}: ${issues[0].message}` : 'parameters' },
      issues,
    });
  }
  const renewed = new Set((update.inputs ?? []).map((input) => input.name));
  const kept = spec.inputs.filter((input) => !renewed.has(input.name));
  return { ...spec, parameters, inputs: [...kept, ...(update.inputs ?? [])] };
}
