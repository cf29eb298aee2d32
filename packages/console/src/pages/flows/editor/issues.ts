import { sayIssue } from '@backlot/contract/flow/check/issues';
import type { FlowIssue } from '@backlot/contract/flow/issue';
import type { Language } from '@backlot/contract/phrase';
import type { FlowText, TextRange } from './document.ts';
import { TRIGGER } from './edits.ts';

/** One fault, where people find it: at a node, at a field, at a line. */
export interface ShownIssue {
  readonly key: string;
  readonly sentence: string;
  readonly severity: 'error' | 'warning';
  /** The step, or the trigger, that it is about. */
  readonly node: string | undefined;
  /** The parameter of it. */
  readonly field: string | undefined;
  readonly range: TextRange;
  /** Steps in order: the way through the flow that shows it. */
  readonly way: readonly string[];
}

/** The faults of a text: that it can't be read, or what the server finds in it. */
export function shownIssues(read: FlowText, found: readonly FlowIssue[], language: Language): ShownIssue[] {
  if (read.faults.length > 0) {
    return read.faults.map((fault, index) => ({
      key: `text ${index}`,
      sentence: fault.problem[language],
      severity: 'error',
      node: undefined,
      field: undefined,
      range: fault.range,
      way: [],
    }));
  }
  return found.map((issue, index) => {
    const [area, place, ...rest] = issue.path;
    const inTrigger = area === TRIGGER;
    const inner = inTrigger ? [place, ...rest] : rest;
    const field = inner[0] === 'with' ? inner[1] : undefined;
    return {
      key: `${index} ${issue.code} ${issue.path.join('.')}`,
      sentence: sayIssue(issue, language),
      severity: issue.severity,
      node: inTrigger ? TRIGGER : issue.step,
      field: field === undefined ? undefined : String(field),
      range: read.rangeOf(issue.path),
      way: issue.way ?? [],
    };
  });
}
