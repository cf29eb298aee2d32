import { type FlowDefinition, reservedStepNames } from '../definition.ts';
import type { FlowIssue } from '../issue.ts';
import { forEachStep } from '../kinds/for-each.ts';
import { flowIssue } from './issues.ts';

/** Names: each once, none reserved, `within` a for-each and in no circle. */
export function checkNames(definition: FlowDefinition): FlowIssue[] {
  const issues: FlowIssue[] = [];
  const steps = new Map(definition.steps.map((step) => [step.id, step]));
  const seen = new Set<string>();
  for (const [index, step] of definition.steps.entries()) {
    const at = ['steps', index, 'id'];
    if (seen.has(step.id))
      issues.push(flowIssue('flow.step_twice', at, { step: step.id }, { step: step.id }));
    seen.add(step.id);
    if ((reservedStepNames as readonly string[]).includes(step.id)) {
      issues.push(flowIssue('flow.step_reserved', at, { step: step.id }, { step: step.id }));
    }
    if (step.within === undefined) continue;
    const within = ['steps', index, 'within'];
    if (steps.get(step.within)?.kind !== forEachStep.kind) {
      issues.push(flowIssue('flow.within_unknown', within, { each: step.within }, { step: step.id }));
      continue;
    }
    const around = new Set<string>();
    for (let next: string | undefined = step.id; next !== undefined; next = steps.get(next)?.within) {
      if (!around.has(next)) {
        around.add(next);
        continue;
      }
      issues.push(flowIssue('flow.within_circle', within, { step: step.id }, { step: step.id }));
      break;
    }
  }
  return issues;
}
