import {
  BacklotError,
  checkFlow,
  type FlowDefinition,
  type FlowIssue,
  type FlowKinds,
  flowErrors,
  type Language,
  sayIssue,
} from '@backlot/contract';
import { formatFlow, parseFlow, parseFlowText } from '@backlot/contract/flow/text';

/** A flow as somebody sends it: as text, or as a definition. */
export interface Source {
  readonly text?: string | undefined;
  readonly definition?: unknown;
}
export interface ReadSource {
  readonly definition: FlowDefinition | null;
  readonly text: string;
  readonly issues: readonly FlowIssue[];
}

/** Reads and checks a flow; what is wrong is answered, in a language, with its place. Never throws for what people write. */
export function readSource(source: Source, installed: FlowKinds, language: Language): ReadSource {
  const say = (issue: FlowIssue): FlowIssue => ({ ...issue, message: sayIssue(issue, language) });
  if (source.text === undefined) {
    const { definition, issues } = parseFlow(source.definition);
    const all = definition ? checkFlow(definition, installed) : issues;
    return { definition, text: definition ? formatFlow(definition) : '', issues: all.map(say) };
  }
  const { definition, issues, place } = parseFlowText(source.text);
  const found = definition ? checkFlow(definition, installed) : [];
  const located = found.map((issue) => ({ ...issue, ...place(issue.path) }));
  // As somebody reads the file.
  const inOrder = [...issues, ...located].toSorted(
    (one, other) => (one.line ?? 0) - (other.line ?? 0) || (one.column ?? 0) - (other.column ?? 0),
  );
  return { definition, text: source.text, issues: inOrder.map(say) };
}

/** The same for saving. @throws flow_invalid with every place */
export function requireSound(
  source: Source,
  installed: FlowKinds,
  language: Language,
): { readonly definition: FlowDefinition; readonly text: string } {
  const { definition, text, issues } = readSource(source, installed, language);
  const errors = issues.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (definition && !first) return { definition, text };
  throw new BacklotError(flowErrors.flow_invalid, {
    params: { problem: first?.message ?? '' },
    issues: errors.map(({ path, message, line, column }) => ({
      pointer: path.join('.') || 'flow',
      message: line === undefined ? message : `${line}:${column ?? 1} ${message}`,
    })),
    ...(first && first.path.length > 0 ? { pointer: first.path.join('.') } : {}),
  });
}
