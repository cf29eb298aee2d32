import type { TaskDraftInput } from '../../task.ts';
import { durationMs } from '../duration.ts';
import type { StepInput } from '../step-kind.ts';
import type { Instance } from './resolve.ts';

/** Attempts of a step that nobody says anything about. */
const usualAttempts = 3;

/** The task of a step: what its kind drafts, with what the flow says about retries and time. @throws what `draft` throws */
export function draftOf(key: string, { node }: Instance, input: StepInput): TaskDraftInput {
  const { kind, step } = node;
  if (!kind?.draft) throw new Error('the kind has no draft');
  const draft = kind.draft(input);
  const maxAttempts =
    step.retries === undefined
      ? (kind.maxAttempts ?? draft.retry?.maxAttempts ?? usualAttempts)
      : step.retries + 1;
  const limit = step.timeLimit === undefined ? undefined : durationMs(step.timeLimit);
  const wallMs = Math.min(
    limit ?? Number.POSITIVE_INFINITY,
    draft.limits?.wallMs ?? Number.POSITIVE_INFINITY,
  );
  const holders = holdersOf(input);
  return {
    ...draft,
    key,
    needs: [],
    retry: {
      ...draft.retry,
      maxAttempts: Math.min(1_000_000, maxAttempts),
      ...(kind.persistent ? { persistent: true } : {}),
    },
    limits: { ...draft.limits, ...(Number.isFinite(wallMs) && wallMs > 0 ? { wallMs } : {}) },
    constraints: {
      ...draft.constraints,
      ...(holders.length > 0 && draft.constraints?.prefer === undefined ? { prefer: holders } : {}),
    },
  };
}

/** Nodes that hold the bytes of its inputs, those with most of them first. */
function holdersOf({ inputs }: StepInput): string[] {
  const bytes = new Map<string, number>();
  for (const value of Object.values(inputs)) {
    const files = value.type === 'file' ? [value.file] : value.type === 'files' ? value.files : [];
    for (const { holders, size } of files) {
      for (const holder of holders ?? []) bytes.set(holder, (bytes.get(holder) ?? 0) + size);
    }
  }
  return [...bytes]
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
    .slice(0, 50)
    .map(([node]) => node);
}
