import { isMap, isScalar, isSeq, LineCounter, parseDocument, stringify } from 'yaml';
import { flowTextLimit } from './api.ts';
import { flowIssue } from './check/issues.ts';
import { problemOfShape } from './check/problems.ts';
import { problemOfYaml } from './check/yaml-problems.ts';
import { FlowDefinition, type FlowDefinitionInput } from './definition.ts';
import type { FlowIssue } from './issue.ts';

type Path = readonly (string | number)[];

/** A text as a flow. `definition` is null while it isn't one. */
export interface ParsedFlow {
  readonly definition: FlowDefinition | null;
  readonly issues: readonly FlowIssue[];
  /** Line and column, from 1, of a place in the definition, or of the nearest thing around it. */
  place(path: Path): { readonly line: number; readonly column: number };
}

/** Aliases may not blow a small text up. */
const aliasLimit = 100;

/**
 * Reads a flow file: YAML 1.2, and so JSON as well. Never throws: what is wrong is an issue with its place. Tags, merge
 * keys and dates of older YAML mean nothing here: values are plain data.
 */
export function parseFlowText(text: string): ParsedFlow {
  const start = { line: 1, column: 1 };
  if (text.length > flowTextLimit) {
    return {
      definition: null,
      issues: [flowIssue('flow.text_long', [], { limit: flowTextLimit })],
      place: () => start,
    };
  }
  const lines = new LineCounter();
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    customTags: [],
  });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const place = (path: Path) => at(offsetOf(document.contents, path));
  const located = (issue: FlowIssue): FlowIssue => ({ ...issue, ...place(issue.path) });
  const faults = [...document.errors, ...document.warnings].map(
    (error): FlowIssue => ({
      ...flowIssue('flow.text_syntax', [], {}, { problem: problemOfYaml(error) }),
      ...at(error.pos[0]),
    }),
  );
  if (faults.length > 0) return { definition: null, issues: faults.slice(0, 20), place };
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: aliasLimit });
  } catch (error) {
    // The only thing that reading a sound document can stumble over.
    const message = error instanceof Error ? error.message : String(error);
    const problem = problemOfYaml({ code: 'RESOURCE_EXHAUSTION', message });
    return {
      definition: null,
      issues: [{ ...flowIssue('flow.text_syntax', [], {}, { problem }), ...start }],
      place,
    };
  }
  const { definition, issues } = parseFlow(value);
  return { definition, issues: issues.map(located), place };
}

/** The same for a definition that is data already. */
export function parseFlow(value: unknown): Pick<ParsedFlow, 'definition' | 'issues'> {
  const parsed = FlowDefinition.safeParse(value, { reportInput: true });
  if (parsed.success) return { definition: parsed.data, issues: [] };
  const issues = parsed.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    const where = path.join('.');
    const { en, 'zh-CN': zh } = problemOfShape(issue);
    const problem =
      where === '' ? { en, 'zh-CN': zh } : { en: `${where}: ${en}`, 'zh-CN': `${where}：${zh}` };
    return flowIssue('flow.shape', path, {}, { problem });
  });
  return { definition: null, issues };
}

/** Where something begins in the text: the value at a path, or the deepest thing on the way to it. */
function offsetOf(node: unknown, path: Path): number {
  let at: unknown = node;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    let next: unknown;
    if (isMap(at)) {
      const pair = at.items.find(({ key }) => (isScalar(key) ? key.value : key) === part);
      offset = startOf(pair?.key) ?? offset;
      next = pair?.value;
    } else if (isSeq(at) && typeof part === 'number') {
      next = at.items[part];
      offset = startOf(next) ?? offset;
    }
    if (next === undefined || next === null) return offset;
    at = next;
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range))
    return undefined;
  const [start] = node.range as number[];
  return start;
}

/** A flow as YAML: what is as it would be anyway is left out, so that a file says what matters. */
export function formatFlow(definition: FlowDefinition): string {
  return stringify(leanDefinition(definition), { lineWidth: 110, version: '1.2', schema: 'core' });
}

/** A definition without what would be so anyway; reading it gives the same definition. */
export function leanDefinition(definition: FlowDefinition): FlowDefinitionInput {
  const { trigger, steps, ...rest } = definition;
  const some = (value: object) => Object.keys(value).length > 0;
  return {
    ...rest,
    trigger: {
      kind: trigger.kind,
      ...(some(trigger.with) ? { with: trigger.with } : {}),
      ...(trigger.layout ? { layout: trigger.layout } : {}),
    },
    steps: steps.map(({ id, kind, name, with: parameters, in: inputs, after, onError, ...more }) => ({
      id,
      kind,
      ...(name === undefined ? {} : { name }),
      ...(some(parameters) ? { with: parameters } : {}),
      ...(some(inputs) ? { in: inputs } : {}),
      ...(after.length > 0 ? { after } : {}),
      ...(onError === 'fail' ? {} : { onError }),
      ...more,
    })),
  };
}
