import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ExpressionError } from '../expression/expression-error.ts';
import { parseExpression } from '../expression/parse.ts';
import { fillTemplate } from '../template.ts';
import { sampleKinds } from '../testing/sample-kinds.ts';
import { parseFlowText } from '../text.ts';
import { checkFlow } from './check-flow.ts';
import { sayIssue } from './issues.ts';
import { problemOfShape } from './problems.ts';

/** A sentence for Chinese readers; what is quoted from the flow (names, kinds, types of YAML) stays as it is. */
const english = /\b(expected|found|invalid|input|takes|must|has|no|the|at most|longer)\b/i;
const flow = (steps: string, more = '') =>
  `version: 1\nname: n\n${more}trigger:\n  kind: flow.manual\nsteps:\n${steps}`;

function issuesOf(text: string) {
  const { definition, issues } = parseFlowText(text);
  return definition ? checkFlow(definition, sampleKinds) : issues;
}

describe('what is wrong with a flow', () => {
  it.each([
    ['no YAML', 'name: [a', 'flow.text_syntax'],
    ['a key that is there twice', 'name: a\nname: b\n', 'flow.text_syntax'],
    ['an unknown key', flow('  - {id: a, kind: test.work, colour: 1}\n'), 'flow.shape'],
    ['a field that is missing', flow('  - {kind: test.work}\n'), 'flow.shape'],
    ['a value of another type', flow('  - {id: 3, kind: test.work}\n'), 'flow.shape'],
    ['a name that is none', flow('  - {id: "A b", kind: test.work}\n'), 'flow.shape'],
    ['a reference that is none', flow('  - {id: a, kind: test.work, in: {file: x}}\n'), 'flow.shape'],
    ['a duration that is none', flow('  - {id: a, kind: test.work, timeLimit: soon}\n'), 'flow.shape'],
    ['a parameter', flow('  - {id: a, kind: flow.wait, with: {}}\n'), 'flow.parameter'],
    ['a template', flow('  - {id: a, kind: test.work, with: {x: "{{trigger."}}\n'), 'flow.template_syntax'],
    ['an expression', flow('  - {id: a, kind: test.work, with: {x: "{{f(1)}}"}}\n'), 'flow.template_syntax'],
  ])('is said in Chinese with its details: %s', (_title, text, code) => {
    const issue = issuesOf(text).find((one) => one.code === code);
    expect(issue, code).toBeDefined();
    if (!issue) return;
    expect(issue.message).toBe(sayIssue(issue, 'en'));
    const said = sayIssue(issue, 'zh-CN');
    expect(said.replaceAll(/"[^"]*"|“[^”]*”/g, '')).not.toMatch(english);
    expect(said).toMatch(/[\u4e00-\u9fff]/);
  });

  it('names the shape that a value of a union comes closest to', () => {
    const [issue] = issuesOf(flow('  - {id: a, kind: test.work, in: {file: x}}\n'));
    expect(issue?.message).toBe('steps.0.in.file: A reference is "step.port".');
  });

  it('is as a schema has said it where nobody has said it in Chinese', () => {
    const found = z.string().regex(/^x/, 'It begins with x.').safeParse('y', { reportInput: true });
    expect(found.error?.issues.map(problemOfShape)).toEqual([
      { en: 'It begins with x.', 'zh-CN': 'It begins with x.' },
    ]);
  });
});

it.each([
  '1 +',
  '(1',
  'a.',
  'f(1)',
  'len()',
  '"a',
  '"\\q"',
  '#',
  '1 2',
  'a[1',
  `${'('.repeat(60)}1`,
  'x'.repeat(3_000),
])('an expression that is wrong says so in both languages: %s', (source) => {
  const error = (() => {
    try {
      parseExpression(source);
    } catch (caught) {
      return caught;
    }
    return undefined;
  })();
  expect(error).toBeInstanceOf(ExpressionError);
  if (!(error instanceof ExpressionError)) return;
  expect(error.problem.en).toBe(error.message);
  expect(error.problem['zh-CN']).toMatch(/（第 \d+ 个字符）$/);
  expect(`${error.problem.en}${error.problem['zh-CN']}`).not.toMatch(/\{\w+\}/);
});

it('a template without its end names the braces', () => {
  expect(() => fillTemplate('a {{b', {})).toThrow('"{{" has no "}}" (character 3)');
});
