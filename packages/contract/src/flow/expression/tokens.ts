import { ExpressionError } from './expression-error.ts';

export interface Token {
  readonly kind: 'number' | 'string' | 'name' | 'sign' | 'end';
  readonly text: string;
  readonly at: number;
}

/** Longest source in characters. */
export const expressionLimit = 2_000;

const signs = [
  '||',
  '&&',
  '==',
  '!=',
  '<=',
  '>=',
  '<',
  '>',
  '+',
  '-',
  '*',
  '/',
  '%',
  '!',
  '(',
  ')',
  '[',
  ']',
  ',',
  '.',
];
const escapes: Readonly<Record<string, string>> = { n: '\n', t: '\t', '\\': '\\', "'": "'", '"': '"' };

/**
 * Cuts an expression into tokens. A name may hold hyphens inside (`join-film`), as ids of steps do: a minus sign needs a
 * space before it. @throws ExpressionError
 */
export function tokensOf(source: string): Token[] {
  if (source.length > expressionLimit) {
    throw new ExpressionError('flow.expression_long', 'long', expressionLimit, { limit: expressionLimit });
  }
  const tokens: Token[] = [];
  let at = 0;
  while (at < source.length) {
    const rest = source.slice(at);
    const space = /^\s+/.exec(rest);
    if (space) {
      at += space[0].length;
      continue;
    }
    const token = oneToken(source, rest, at);
    tokens.push(token.token);
    at += token.length;
  }
  tokens.push({ kind: 'end', text: '', at: source.length });
  return tokens;
}

function oneToken(source: string, rest: string, at: number): { token: Token; length: number } {
  const number = /^\d{1,15}(\.\d{1,15})?/.exec(rest);
  if (number) return { token: { kind: 'number', text: number[0], at }, length: number[0].length };
  const name = /^[A-Za-z_](?:[A-Za-z0-9_]|-(?=[A-Za-z0-9_]))*/.exec(rest);
  if (name) return { token: { kind: 'name', text: name[0], at }, length: name[0].length };
  const quote = rest[0];
  if (quote === '"' || quote === "'") return textToken(source, at, quote);
  const sign = signs.find((one) => rest.startsWith(one));
  if (sign) return { token: { kind: 'sign', text: sign, at }, length: sign.length };
  throw new ExpressionError('flow.expression_syntax', 'unexpected', at, { char: rest[0] ?? '' });
}

function textToken(source: string, at: number, quote: string): { token: Token; length: number } {
  let text = '';
  for (let next = at + 1; next < source.length; next += 1) {
    const char = source[next] as string;
    if (char === quote) return { token: { kind: 'string', text, at }, length: next + 1 - at };
    if (char !== '\\') {
      text += char;
      continue;
    }
    next += 1;
    const escaped = source[next];
    if (escaped === undefined || !Object.hasOwn(escapes, escaped)) {
      throw new ExpressionError('flow.expression_syntax', 'escape', next - 1);
    }
    text += escapes[escaped];
  }
  throw new ExpressionError('flow.expression_syntax', 'text-end', at);
}
