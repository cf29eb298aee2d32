import { evaluate, type Scope, textOf, valueLimit } from './expression/evaluate.ts';
import { ExpressionError } from './expression/expression-error.ts';
import { type Expression, parseExpression } from './expression/parse.ts';
import type { StepInput } from './step-kind.ts';
import type { PortValue, PortValues } from './value.ts';

/** A text with holes. */
export type TemplatePart = string | { readonly expression: Expression; readonly at: number };

/** Whether a text has anything to fill in. */
export function isTemplate(text: string): boolean {
  return text.includes('{{');
}

/** Reads a text with `{{expressions}}`. `\{{` stands for two braces. @throws ExpressionError */
export function parseTemplate(text: string): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let plain = '';
  let at = 0;
  while (at < text.length) {
    const open = text.indexOf('{{', at);
    if (open < 0) break;
    if (open > 0 && text[open - 1] === '\\') {
      plain += `${text.slice(at, open - 1)}{{`;
      at = open + 2;
      continue;
    }
    const close = text.indexOf('}}', open + 2);
    if (close < 0)
      throw new ExpressionError('flow.expression_syntax', 'braces', open, { open: '{{', close: '}}' });
    plain += text.slice(at, open);
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push({ expression: parseExpression(text.slice(open + 2, close)), at: open });
    at = close + 2;
  }
  plain += text.slice(at);
  if (plain !== '') parts.push(plain);
  return parts;
}

/**
 * Fills a text in. Values are data: they are never read as templates again.
 * @param escapeValue is given every value that goes in, for a text with a grammar of its own (a path, a URL)
 * @throws ExpressionError when it can't be read, or grows longer than 64 kB
 */
export function fillTemplate(
  text: string,
  scope: Scope,
  escapeValue: (value: string) => string = (value) => value,
): string {
  let made = '';
  for (const part of parseTemplate(text)) {
    made += typeof part === 'string' ? part : escapeValue(textOf(evaluate(part.expression, scope)));
    if (made.length > valueLimit) throw new ExpressionError('flow.expression_value', 'text-long', 0);
  }
  return made;
}

const depthLimit = 20;

/**
 * Fills all texts in parameters, however deep. A text that is nothing but one hole becomes the value itself, so that
 * numbers stay numbers. @param raw names on the first level that are left as they are. @throws ExpressionError
 */
export function fillParameters(
  parameters: Readonly<Record<string, unknown>>,
  scope: Scope,
  raw: readonly string[] = [],
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [
      name,
      raw.includes(name) ? value : fillValue(value, scope, 0),
    ]),
  );
}

function fillValue(value: unknown, scope: Scope, depth: number): unknown {
  if (depth > depthLimit) throw new ExpressionError('flow.expression_long', 'parameters-deep', 0);
  if (typeof value === 'string') {
    if (!isTemplate(value)) return value;
    const parts = parseTemplate(value);
    const [only] = parts;
    if (parts.length === 1 && typeof only === 'object') return evaluate(only.expression, scope) ?? '';
    return fillTemplate(value, scope);
  }
  if (Array.isArray(value)) return value.map((one) => fillValue(one, scope, depth + 1));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, fillValue(one, scope, depth + 1)]),
  );
}

/** How a value at a port looks to templates: a file with its name and size, a list of files, or the data itself. */
export function shownPort(value: PortValue): unknown {
  switch (value.type) {
    case 'file':
      return value.file;
    case 'files':
      return value.files;
    case 'data':
      return value.data;
  }
}

export function shownPorts(ports: PortValues): Record<string, unknown> {
  return Object.fromEntries(Object.entries(ports).map(([name, value]) => [name, shownPort(value)]));
}

/**
 * What templates of a step see: `trigger`, `run`, `step`, `inputs`, inside a for-each `index`, and the outputs of earlier
 * steps under their ids.
 */
export function templateScope(input: StepInput<unknown>): Scope {
  return (
    input.scope ?? {
      trigger: input.trigger,
      run: input.run,
      step: input.step,
      inputs: shownPorts(input.inputs),
      ...(input.item === undefined ? {} : { index: input.item }),
    }
  );
}
