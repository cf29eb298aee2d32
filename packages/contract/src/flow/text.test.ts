import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlowDefinition } from './definition.ts';
import { formatFlow, parseFlowText } from './text.ts';

const json = fc.jsonValue({ maxDepth: 3 });
const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/);
const definition = fc
  .record(
    {
      version: fc.constant(1 as const),
      name: fc.string({ minLength: 1, maxLength: 60 }).filter((text) => text.trim() !== ''),
      description: fc.string({ maxLength: 200, unit: 'grapheme' }),
      trigger: fc.record({ kind: name, with: fc.dictionary(fc.string({ maxLength: 20 }), json) }),
      steps: fc.array(
        fc.record(
          {
            id: name,
            kind: name,
            with: fc.dictionary(name, json),
            in: fc.dictionary(name, fc.oneof(fc.constant('a.b'), fc.constant(['a.b', 'c.d']))),
            after: fc.constantFrom([], ['a'], ['a.error', 'b']),
            name: fc.string({ maxLength: 40, unit: 'grapheme' }),
            retries: fc.nat(100),
            timeLimit: fc.constantFrom('2h', '90s'),
            onError: fc.constantFrom('fail' as const, 'continue' as const),
            within: name,
            layout: fc.record({ x: fc.integer(), y: fc.integer() }),
          },
          { requiredKeys: ['id', 'kind'] },
        ),
        { maxLength: 5 },
      ),
    },
    { requiredKeys: ['version', 'name', 'trigger', 'steps'] },
  )
  .map((value) => FlowDefinition.parse(value));

describe('a flow as text', () => {
  it('is the same flow again, as YAML and as JSON', () => {
    fc.assert(
      fc.property(definition, (value) => {
        // What JSON can't say (minus zero, a missing value) is no part of a flow.
        const flow = FlowDefinition.parse(JSON.parse(JSON.stringify(value)));
        expect(parseFlowText(formatFlow(flow)).definition).toEqual(flow);
        expect(parseFlowText(JSON.stringify(flow, null, 2)).definition).toEqual(flow);
      }),
      { numRuns: 200 },
    );
  });

  it('says where something is wrong', () => {
    const text = [
      'version: 1',
      'name: x',
      'trigger: { kind: a }',
      'steps:',
      '  - id: Upper',
      '    kind: b',
      '    color: red',
    ].join('\n');
    const { definition: found, issues } = parseFlowText(text);
    expect(found).toBeNull();
    expect(issues.map(({ line, path }) => [line, path.join('.')])).toEqual([
      [5, 'steps.0.id'],
      [5, 'steps.0'],
    ]);
    expect(parseFlowText('version: 1\nname: [\n').issues[0]).toMatchObject({
      code: 'flow.text_syntax',
      line: 3,
    });
    expect(parseFlowText('version: 1\nversion: 2\n').issues[0]).toMatchObject({
      code: 'flow.text_syntax',
      line: 2,
    });
  });

  it('finds the place of anything in it', () => {
    const { place } = parseFlowText(
      'version: 1\nname: x\ntrigger: { kind: a }\nsteps:\n  - id: a\n    kind: b\n    in:\n      file: c.d\n',
    );
    expect(place(['steps', 0, 'in', 'file'])).toEqual({ line: 8, column: 7 });
    expect(place(['steps', 0, 'in', 'nothing'])).toEqual({ line: 7, column: 5 });
    expect(place(['steps', 7])).toEqual({ line: 4, column: 1 });
  });

  it.each([
    ['nothing', ''],
    ['a list', '- a'],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
        .split('')
        .map((c, n) => `${c}: &${c} [${Array(9).fill(`*${'abcdefghi'[n]}`).join(',')}]`)
        .join('\n')}`,
    ],
    ['a tag of code', 'version: !!js/function "return 1"'],
    ['a merge of prototypes', '__proto__: { polluted: 1 }\nversion: 1'],
    ['too much', 'x'.repeat(300_000)],
    ['bytes', '\u0000\u0001\u0002'],
    ['two documents', 'version: 1\n---\nversion: 1'],
  ])('of %s is no flow, and no harm', (_what, text) => {
    const { definition: found, issues } = parseFlowText(text);
    expect(found).toBeNull();
    expect(issues.length).toBeGreaterThan(0);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
