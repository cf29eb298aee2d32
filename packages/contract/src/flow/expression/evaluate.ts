import { ExpressionError } from './expression-error.ts';
import { expressionFunctions } from './functions.ts';
import type { Expression } from './parse.ts';

/** What an expression sees, by name. Plain JSON: only own properties are ever read. */
export type Scope = Readonly<Record<string, unknown>>;

/** Longest text that an expression may make, in characters. */
export const valueLimit = 64 * 1024;

/**
 * The value of an expression. What is not there is undefined; nothing is called, nothing is changed, nothing is read but
 * own properties of plain objects and elements of arrays. @throws ExpressionError only when a text grows too long
 */
export function evaluate(expression: Expression, scope: Scope): unknown {
  switch (expression.is) {
    case 'value':
      return expression.value;
    case 'path': {
      let value: unknown = own(scope, expression.root);
      for (const part of expression.parts) value = own(value, evaluate(part, scope));
      return value;
    }
    case 'not':
      return !truth(evaluate(expression.of, scope));
    case 'minus': {
      const value = evaluate(expression.of, scope);
      return typeof value === 'number' ? -value : undefined;
    }
    case 'call': {
      const values = expression.values.map((value) => evaluate(value, scope));
      return expressionFunctions[expression.name]?.run(values);
    }
    case 'both':
      return both(expression, scope);
  }
}

/** Empty things are false, as people expect of a condition: null, false, 0, '', [] and what is not there. */
export function truth(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function own(value: unknown, key: unknown): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Array.isArray(value)) {
    if (key === 'length') return value.length;
    const index =
      typeof key === 'number' ? key : typeof key === 'string' && /^\d{1,9}$/.test(key) ? Number(key) : -1;
    return value[index < 0 ? value.length : index];
  }
  if (typeof key !== 'string' && typeof key !== 'number') return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

function both(expression: Extract<Expression, { is: 'both' }>, scope: Scope): unknown {
  const left = evaluate(expression.left, scope);
  if (expression.sign === '||' || expression.sign === 'or') {
    return truth(left) ? left : evaluate(expression.right, scope);
  }
  if (expression.sign === '&&' || expression.sign === 'and') {
    return truth(left) ? evaluate(expression.right, scope) : left;
  }
  const right = evaluate(expression.right, scope);
  switch (expression.sign) {
    case '==':
      return same(left, right);
    case '!=':
      return !same(left, right);
    case 'in':
      return Array.isArray(right)
        ? right.some((one) => same(one, left))
        : typeof right === 'string' && typeof left === 'string' && right.includes(left);
    case '+':
      return plus(left, right, expression.at);
    default:
      return numeric(expression.sign, left, right);
  }
}

/** What is not there equals null. Objects are never equal: comparing them is not what anybody means. */
function same(left: unknown, right: unknown): boolean {
  return (left ?? null) === (right ?? null) && (typeof left !== 'object' || (left ?? null) === null);
}

function plus(left: unknown, right: unknown, at: number): unknown {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (typeof left !== 'string' && typeof right !== 'string') return undefined;
  const made = textOf(left) + textOf(right);
  if (made.length > valueLimit) throw new ExpressionError('flow.expression_value', 'text-long', at);
  return made;
}

function numeric(sign: string, left: unknown, right: unknown): unknown {
  const texts = typeof left === 'string' && typeof right === 'string';
  if (texts || (typeof left === 'number' && typeof right === 'number')) {
    if (sign === '<') return left < right;
    if (sign === '<=') return left <= right;
    if (sign === '>') return left > right;
    if (sign === '>=') return left >= right;
  }
  if (sign.startsWith('<') || sign.startsWith('>')) return false;
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  const value =
    sign === '-' ? left - right : sign === '*' ? left * right : sign === '/' ? left / right : left % right;
  return Number.isFinite(value) ? value : undefined;
}

/** A value inside of a text: nothing for what is not there, JSON for lists and objects. */
export function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'object' ? (JSON.stringify(value) ?? '') : String(value);
}
