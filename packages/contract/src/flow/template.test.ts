import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate } from './expression/evaluate.ts';
import { ExpressionError } from './expression/expression-error.ts';
import { parseExpression } from './expression/parse.ts';
import { fillParameters, fillTemplate } from './template.ts';

const scope = {
  trigger: { title: 'Monday / ../etc', n: 3, list: ['a', 'b'], deep: { x: null }, '{{n}}': 1 },
  'join-film': { report: { lossMs: 120 } },
};
const value = (source: string) => evaluate(parseExpression(source), scope);

describe('an expression', () => {
  it.each<[string, unknown]>([
    ['1 + 2 * 3', 7],
    ['(1 + 2) * 3', 9],
    ['-trigger.n', -3],
    ['7 % 4 - 1', 2],
    ['1 / 0', undefined],
    ['trigger.n >= 3 and not (trigger.n == 4)', true],
    ['trigger.n > 3 || trigger.list', ['a', 'b']],
    ['"a" in trigger.list && "z" in "xyz"', true],
    ['trigger.list[1]', 'b'],
    ['trigger.list[trigger.n - 2]', 'b'],
    ['trigger.list.length', 2],
    ['trigger["title"]', 'Monday / ../etc'],
    ['join-film.report.lossMs < 200', true],
    ['trigger.n - 1', 2],
    ['trigger.nothing.at.all', undefined],
    ['trigger.deep.x == null', true],
    ['trigger.nothing == null', true],
    ['trigger.deep == trigger.deep', false],
    ['"a" + 1 + true', 'a1true'],
    ['"\\"quoted\\" \\n"', '"quoted" \n'],
    ['lower("ABC") + upper("d") + trim(" e ")', 'abcDe'],
    ['default(trigger.nothing, "x")', 'x'],
    [
      'contains(trigger.title, "day") and startsWith(trigger.title, "Mon") and endsWith(trigger.title, "etc")',
      true,
    ],
    ['min(3, 1, 2) + max(1, 2) + round(1.6)', 5],
    ['number("12") + length("abc") + length(trigger.list)', 17],
    ['number("x")', undefined],
    ['date("2026-11-26T20:01:02Z") + " " + time("2026-11-26T20:01:02Z")', '2026-11-26 20-01-02'],
    ['date("whatever")', undefined],
    ['"a" < "b"', true],
    ['"a" < 1', false],
  ])('%s is %j', (source, expected) => {
    expect(value(source)).toEqual(expected);
  });

  it.each([
    '',
    '1 +',
    '(1',
    'a b',
    'a..b',
    'a[1',
    '"open',
    '"\\x41"',
    'a = b',
    'f(1)',
    'constructor("return 1")',
    'trigger.list.map(x)',
    'lower()',
    'lower(1, 2)',
    '`a`',
    'a; b',
    '$a',
    '1'.repeat(3_000),
    '('.repeat(100) + ')'.repeat(100),
    `${'!'.repeat(200)}a`,
    'a['.repeat(100) + ']'.repeat(100),
  ])('%j is refused with a place', (source) => {
    expect(() => parseExpression(source)).toThrow(ExpressionError);
  });

  it.each([
    'trigger.constructor',
    'trigger.__proto__',
    'trigger["__proto__"]["constructor"]',
    'trigger.list.constructor',
    'trigger.list.map',
    'trigger.title.constructor',
    'trigger.title.length',
    'trigger.hasOwnProperty',
    'toString',
    '__proto__',
    'trigger.list["push"]',
    'trigger.n.toFixed',
  ])('%s reaches nothing', (source) => {
    expect(value(source)).toBeUndefined();
  });

  it('ends quickly whatever it is given, and never throws anything but its own error', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300, unit: 'binary' }), (source) => {
        try {
          evaluate(parseExpression(source), scope);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 500 },
    );
    const pieces = [
      'trigger',
      '.',
      'n',
      '(',
      ')',
      '[',
      ']',
      '+',
      '-',
      '*',
      '==',
      '"x"',
      '1',
      'and',
      '!',
      ',',
      'lower',
      '__proto__',
      'constructor',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces), { maxLength: 60 }), (parts) => {
        try {
          const found = evaluate(parseExpression(parts.join(' ')), scope);
          expect(typeof found).not.toBe('function');
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('does not grow texts without end', () => {
    const long = { a: 'x'.repeat(40_000) };
    expect(() => evaluate(parseExpression('a + a'), long)).toThrow(ExpressionError);
  });
});

describe('a template', () => {
  it('is filled with values, which are never read again', () => {
    expect(fillTemplate('of {{trigger.title}}: {{ trigger.n + 1 }}{{trigger.nothing}}', scope)).toBe(
      'of Monday / ../etc: 4',
    );
    expect(fillTemplate('{{x}}', { x: '{{trigger.n}}' })).toBe('{{trigger.n}}');
    expect(fillTemplate('\\{{x}} {y} }}', {})).toBe('{{x}} {y} }}');
    expect(fillTemplate('{{trigger.list}}', scope)).toBe('["a","b"]');
  });

  it('is escaped by whoever knows the grammar around it', () => {
    const one = (part: string) => part.replace(/[/\\]|\.\./g, '_');
    expect(fillTemplate('films/{{trigger.title}}.mp4', scope, one)).toBe('films/Monday _ __etc.mp4');
  });

  it('keeps the type of a value that is all there is', () => {
    expect(
      fillParameters(
        { n: '{{trigger.n}}', list: ['{{trigger.list}}', 'x{{trigger.n}}'], raw: '{{a}}', k: 5 },
        scope,
        ['raw'],
      ),
    ).toEqual({
      n: 3,
      list: [['a', 'b'], 'x3'],
      raw: '{{a}}',
      k: 5,
    });
  });

  it('makes no prototype of a key', () => {
    const filled = fillParameters(JSON.parse('{"__proto__": {"polluted": "{{trigger.n}}"}}'), scope);
    expect(Object.hasOwn(filled, '__proto__')).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
