import type { z } from 'zod';
import type { FlowDefinition } from '../definition.ts';
import type { Graph, GraphStep } from '../engine/graph.ts';
import { ExpressionError } from '../expression/expression-error.ts';
import { parseExpression, pathsOf } from '../expression/parse.ts';
import type { FlowIssue } from '../issue.ts';
import { conditionStep } from '../kinds/condition.ts';
import { isTemplate, parseTemplate } from '../template.ts';
import { type FlowKinds, outputType } from './catalogue.ts';
import { flowIssue } from './issues.ts';
import { problemOfShape } from './problems.ts';
import { textsOf } from './texts.ts';

type Path = readonly (string | number)[];

/** What a trigger is told fits its kind. Templates mean nothing there: nothing has happened yet. */
export function checkTrigger(definition: FlowDefinition, kinds: FlowKinds): FlowIssue[] {
  const kind = kinds.triggers.get(definition.trigger.kind);
  if (!kind) {
    return [flowIssue('flow.trigger_unknown', ['trigger', 'kind'], { kind: definition.trigger.kind })];
  }
  return misfits(kind.parameters, definition.trigger.with, ['trigger', 'with'], () => false).map((issue) => ({
    ...issue,
  }));
}

/** Parameters fit their kinds as far as that can be told before templates are filled, and templates name what is there. */
export function checkParameters(
  definition: FlowDefinition,
  graph: Graph,
  before: ReadonlyMap<string, ReadonlySet<string>>,
): FlowIssue[] {
  return definition.steps.flatMap((step, index) => {
    const node = graph.get(step.id);
    const at: Path = ['steps', index, 'with'];
    if (!node?.kind) {
      return node
        ? [flowIssue('flow.kind_unknown', ['steps', index, 'kind'], { kind: step.kind }, { step: step.id })]
        : [];
    }
    const filled = (path: Path) =>
      path.some(
        (_, n) =>
          typeof valueAt(step.with, path.slice(0, n + 1)) === 'string' &&
          isTemplate(String(valueAt(step.with, path.slice(0, n + 1)))),
      );
    const found = misfits(node.kind.parameters, step.with, at, filled);
    const seen = before.get(step.id) ?? new Set();
    return [
      ...found.map((issue) => ({ ...issue, step: step.id })),
      ...clashIssues(node, at),
      ...textsOf(step.with, at).flatMap(([text, path]) => templateIssues(node, graph, seen, text, path)),
    ];
  });
}

/** What fits by itself and not together. With a template in its way it can't be told yet. */
function clashIssues({ kind, step }: GraphStep, at: Path): FlowIssue[] {
  const parsed = kind?.clash && kind.parameters.safeParse(step.with);
  const clash = parsed?.success ? kind?.clash?.(parsed.data, new Set(Object.keys(step.in))) : undefined;
  if (!clash) return [];
  const { path, problem } = clash;
  const name = path.join('.') || 'with';
  return [flowIssue('flow.parameter', [...at, ...path], { name }, { step: step.id, problem })];
}

/** What zod finds, but for values that are templates still. */
function misfits(
  schema: z.ZodType,
  value: Readonly<Record<string, unknown>>,
  at: Path,
  filled: (path: Path) => boolean,
): FlowIssue[] {
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === 'symbol' ? String(part) : part));
    if (filled(path)) return [];
    const name = path.join('.') || 'with';
    return [flowIssue('flow.parameter', [...at, ...path], { name }, { problem: problemOfShape(issue) })];
  });
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const part of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, part)) return undefined;
    at = (at as Record<string | number, unknown>)[part];
  }
  return at;
}

function templateIssues(
  node: GraphStep,
  graph: Graph,
  before: ReadonlySet<string>,
  text: string,
  path: Path,
): FlowIssue[] {
  const { step } = node;
  const condition = step.kind === conditionStep.kind && path.at(-1) === 'if';
  try {
    const expressions = condition
      ? [parseExpression(text)]
      : parseTemplate(text).flatMap((part) => (typeof part === 'string' ? [] : [part.expression]));
    return expressions.flatMap(pathsOf).flatMap(({ root, part }) => {
      const issue = nameIssue(node, graph, before, root, part, path);
      return issue ? [issue] : [];
    });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const { problem } = error;
    return [flowIssue('flow.template_syntax', path, {}, { step: step.id, problem })];
  }
}

const always = new Set(['trigger', 'run', 'step', 'inputs']);

function nameIssue(
  node: GraphStep,
  graph: Graph,
  before: ReadonlySet<string>,
  name: string,
  port: string | undefined,
  path: Path,
): FlowIssue | undefined {
  if (always.has(name) || (name === 'index' && node.around.length > 0)) return undefined;
  const from = graph.get(name);
  const more = { step: node.step.id };
  if (!from) return flowIssue('flow.template_name', path, { name }, more);
  const inside = node.around.includes(name);
  if (!inside && !before.has(name)) return flowIssue('flow.template_early', path, { name }, more);
  if (port === undefined || !from.kind || outputType(from, port, inside)) return undefined;
  return flowIssue('flow.template_port', path, { name, port }, more);
}
