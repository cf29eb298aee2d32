import { ExpressionError } from './expression-error.ts';
import { expressionFunctions } from './functions.ts';
import { type Token, tokensOf } from './tokens.ts';

/** An expression as a tree: data, never code. */
export type Expression =
  | { readonly is: 'value'; readonly value: string | number | boolean | null }
  | { readonly is: 'path'; readonly root: string; readonly parts: readonly Expression[]; readonly at: number }
  | { readonly is: 'not' | 'minus'; readonly of: Expression; readonly at: number }
  | {
      readonly is: 'both';
      readonly sign: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly at: number;
    }
  | {
      readonly is: 'call';
      readonly name: string;
      readonly values: readonly Expression[];
      readonly at: number;
    };

/** Weakest first. */
const levels: readonly (readonly string[])[] = [
  ['||', 'or'],
  ['&&', 'and'],
  ['==', '!=', '<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];
const depthLimit = 40;
const words: Readonly<Record<string, boolean | null>> = { true: true, false: false, null: null };

/**
 * Reads an expression: comparisons, `and or not`, arithmetic, texts in quotes, paths such as `trigger.title` or
 * `list[0].name`, and the functions of `expressionFunctions`. @throws ExpressionError
 */
export function parseExpression(source: string): Expression {
  const tokens = tokensOf(source);
  let next = 0;
  const peek = () => tokens[next] as Token;
  const take = () => tokens[next++] as Token;
  const fail = (token: Token, what: 'value' | 'name' | 'end' | { readonly sign: string }): never => {
    const wanted = typeof what === 'object' ? { wanted: `"${what.sign}"` } : {};
    const found = token.kind === 'end' ? {} : { found: `"${token.text}"` };
    const kind = typeof what === 'object' ? '' : (`-${what}` as const);
    // The end where the end is wanted is no fault.
    const problem =
      token.kind === 'end' && kind !== '-end' ? (`early-end${kind}` as const) : (`expected${kind}` as const);
    throw new ExpressionError('flow.expression_syntax', problem, token.at, { ...wanted, ...found });
  };
  const sign = (text: string) => (peek().kind === 'sign' && peek().text === text ? take() : undefined);
  const expect = (text: string) => sign(text) ?? fail(peek(), { sign: text });

  const binary = (level: number, depth: number): Expression => {
    const operators = levels[level];
    if (!operators) return unary(depth);
    let left = binary(level + 1, depth);
    for (;;) {
      const token = peek();
      if (!(token.kind === 'sign' || token.kind === 'name') || !operators.includes(token.text)) return left;
      take();
      const right = binary(level + 1, depth);
      left = { is: 'both', sign: token.text, left, right, at: token.at };
    }
  };
  const unary = (depth: number): Expression => {
    if (depth > depthLimit) throw new ExpressionError('flow.expression_long', 'deep', peek().at);
    const token = peek();
    if (sign('!') || (token.kind === 'name' && token.text === 'not' && take())) {
      return { is: 'not', of: unary(depth + 1), at: token.at };
    }
    if (sign('-')) return { is: 'minus', of: unary(depth + 1), at: token.at };
    return primary(depth + 1);
  };
  const primary = (depth: number): Expression => {
    const token = take();
    if (token.kind === 'number') return { is: 'value', value: Number(token.text) };
    if (token.kind === 'string') return { is: 'value', value: token.text };
    if (token.kind === 'sign' && token.text === '(') {
      const inner = binary(0, depth);
      expect(')');
      return inner;
    }
    if (token.kind !== 'name') return fail(token, 'value');
    if (Object.hasOwn(words, token.text)) return { is: 'value', value: words[token.text] as boolean | null };
    if (sign('(')) return call(token, depth);
    return path(token, depth);
  };
  const call = (name: Token, depth: number): Expression => {
    const known = Object.hasOwn(expressionFunctions, name.text) ? expressionFunctions[name.text] : undefined;
    if (!known) throw new ExpressionError('flow.expression_syntax', 'function', name.at, { name: name.text });
    const values: Expression[] = [];
    while (!sign(')')) {
      if (values.length > 0) expect(',');
      values.push(binary(0, depth));
    }
    if (values.length < known.least || values.length > known.most) {
      throw new ExpressionError('flow.expression_syntax', 'values', name.at, { name: name.text });
    }
    return { is: 'call', name: name.text, values, at: name.at };
  };
  const path = (root: Token, depth: number): Expression => {
    const parts: Expression[] = [];
    for (;;) {
      if (sign('.')) {
        const part = take();
        if (part.kind !== 'name' && part.kind !== 'number') fail(part, 'name');
        parts.push({ is: 'value', value: part.text });
      } else if (sign('[')) {
        parts.push(binary(0, depth));
        expect(']');
      } else return { is: 'path', root: root.text, parts, at: root.at };
    }
  };

  const whole = binary(0, 0);
  if (peek().kind !== 'end') fail(peek(), 'end');
  return whole;
}

/** What an expression reads: the root of each path and its first literal part, for checking against what there is. */
export function pathsOf(expression: Expression): { root: string; part: string | undefined; at: number }[] {
  switch (expression.is) {
    case 'value':
      return [];
    case 'path': {
      const first = expression.parts[0];
      const part = first?.is === 'value' && typeof first.value === 'string' ? first.value : undefined;
      return [{ root: expression.root, part, at: expression.at }, ...expression.parts.flatMap(pathsOf)];
    }
    case 'not':
    case 'minus':
      return pathsOf(expression.of);
    case 'both':
      return [...pathsOf(expression.left), ...pathsOf(expression.right)];
    case 'call':
      return expression.values.flatMap(pathsOf);
  }
}
