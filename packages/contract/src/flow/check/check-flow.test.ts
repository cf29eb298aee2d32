import { describe, expect, it } from 'vitest';
import type { FlowDefinitionInput } from '../definition.ts';
import { flowOf } from '../testing/run-flow.ts';
import { sampleKinds } from '../testing/sample-kinds.ts';
import { checkFlow } from './check-flow.ts';

type Steps = FlowDefinitionInput['steps'];
const check = (steps: Steps, more: Partial<FlowDefinitionInput> = {}) =>
  checkFlow(flowOf(steps, more), sampleKinds);
const codes = (steps: Steps, more: Partial<FlowDefinitionInput> = {}) =>
  check(steps, more).map(({ code, path }) => `${code} ${path.join('.')}`);
const work = (id: string, more: object = {}) => ({ id, kind: 'test.work', ...more });
const upload = (id: string, file: string, more: object = {}) => ({
  id,
  kind: 'test.upload',
  with: { path: 'x' },
  in: { file },
  ...more,
});
const verify = (id: string, file: string, copy: string, more: object = {}) => ({
  id,
  kind: 'test.verify',
  in: { file, copy },
  ...more,
});
const remove = (files: string | string[], after: string[], more: object = {}) => ({
  id: 'clean',
  kind: 'flow.delete',
  in: { files },
  after,
  ...more,
});

describe('what is wrong with a flow', () => {
  it('is what a kind says of its parameters together with what is wired', () => {
    const { steps, triggers } = sampleKinds;
    const kind = steps.get('test.upload');
    if (!kind) throw new Error('There is no such kind.');
    const problem = { en: 'not with a file', 'zh-CN': '不能与文件同用' };
    const clash = (parameters: { path: string }, wired: ReadonlySet<string>) =>
      parameters.path === 'x' && wired.has('file') ? { path: ['path'], problem } : undefined;
    const kinds = { steps: new Map([...steps, [kind.kind, { ...kind, clash }]]), triggers };
    const issues = (path: string) =>
      checkFlow(flowOf([upload('a', 'trigger.film', { with: { path } })]), kinds);
    expect(issues('y')).toEqual([]);
    expect(issues('x')).toMatchObject([
      { code: 'flow.parameter', path: ['steps', 0, 'with', 'path'], step: 'a', problem, severity: 'error' },
    ]);
  });

  it('is nothing in one that is sound', () => {
    expect(
      check([
        {
          id: 'film',
          kind: 'test.join',
          in: { segments: 'trigger.segments' },
          with: { title: '{{trigger.title}}' },
        },
        upload('up', 'film.film', { with: { path: '{{run.name}}/{{film.report.x}}' } }),
        verify('sure', 'film.film', 'up.copy'),
        remove(['film.film', 'trigger.segments'], ['sure']),
        { id: 'ask', kind: 'flow.condition', with: { if: 'film.report.gaps > 0' }, after: ['film'] },
        { id: 'tell', kind: 'test.tell', with: { text: 'x' }, after: ['ask.true'] },
      ]),
    ).toEqual([]);
  });

  it.each<[string, Steps, string]>([
    ['a name twice', [work('a'), work('a')], 'flow.step_twice steps.1.id'],
    ['a name that templates use', [work('trigger')], 'flow.step_reserved steps.0.id'],
    ['an unknown kind', [{ id: 'a', kind: 'test.nothing' }], 'flow.kind_unknown steps.0.kind'],
    [
      'a parameter that does not fit',
      [{ id: 'a', kind: 'test.tell', with: { text: 7 } }],
      'flow.parameter steps.0.with.text',
    ],
    [
      'an input that the kind lacks',
      [work('a', { in: { sound: 'trigger.film' } })],
      'flow.input_unknown steps.0.in.sound',
    ],
    ['an input that is not connected', [{ id: 'a', kind: 'test.join' }], 'flow.input_missing steps.0.in'],
    [
      'several files where one goes',
      [work('a', { in: { file: ['trigger.film', 'trigger.film'] } })],
      'flow.input_many steps.0.in.file',
    ],
    [
      'files where one goes',
      [work('a', { in: { file: 'trigger.segments' } })],
      'flow.input_type steps.0.in.file',
    ],
    [
      'data where a file goes',
      [work('a', { in: { file: 'trigger.data' } })],
      'flow.input_type steps.0.in.file',
    ],
    [
      'a step that is not there',
      [work('a', { in: { file: 'b.file' } })],
      'flow.reference_step steps.0.in.file',
    ],
    [
      'an output that is not there',
      [work('a'), work('b', { in: { file: 'a.sound' } })],
      'flow.reference_port steps.1.in.file',
    ],
    [
      'a trigger output that is not there',
      [work('a', { in: { file: 'trigger.sound' } })],
      'flow.reference_port steps.0.in.file',
    ],
    [
      'a way that is not there',
      [work('a'), work('b', { after: ['a.true'] })],
      'flow.reference_branch steps.1.after.0',
    ],
    [
      'two steps that wait for each other',
      [work('a', { after: ['b'] }), work('b', { after: ['a'] })],
      'flow.cycle steps.0',
    ],
    ['a step that waits for itself', [work('a', { after: ['a'] })], 'flow.cycle steps.0'],
    [
      'a step that waits for both ways of a condition',
      [
        { id: 'ask', kind: 'flow.condition', with: { if: 'true' } },
        work('yes', { after: ['ask.true'] }),
        work('never', { after: ['yes', 'ask.false'] }),
      ],
      'flow.never steps.2',
    ],
    [
      'a template that can’t be read',
      [work('a', { with: { x: '{{trigger.' } })],
      'flow.template_syntax steps.0.with.x',
    ],
    [
      'a template that calls code',
      [work('a', { with: { x: '{{constructor("x")}}' } })],
      'flow.template_syntax steps.0.with.x',
    ],
    [
      'a template that names nothing',
      [work('a', { with: { x: ['{{process.env}}'] } })],
      'flow.template_name steps.0.with.x.0',
    ],
    [
      'a template that is too early',
      [work('a', { with: { x: '{{b.data}}' } }), work('b')],
      'flow.template_early steps.0.with.x',
    ],
    [
      'a template with a port that is not there',
      [work('b'), work('a', { with: { x: '{{b.sound}}' }, after: ['b'] })],
      'flow.template_port steps.1.with.x',
    ],
    ['a body of nothing', [work('a', { within: 'b' }), work('b')], 'flow.within_unknown steps.0.within'],
    [
      'a step outside that looks inside',
      [
        { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' } },
        work('a', { within: 'each' }),
        work('b', { in: { file: 'a.file' } }),
      ],
      'flow.reference_inside steps.2.in.file',
    ],
    [
      'a for-each too deep inside of others',
      [
        { id: 'one', kind: 'flow.for-each', in: { files: 'trigger.segments' } },
        { id: 'two', kind: 'flow.for-each', in: { files: 'trigger.segments' }, within: 'one' },
        { id: 'three', kind: 'flow.for-each', in: { files: 'trigger.segments' }, within: 'two' },
        work('a', { within: 'three' }),
      ],
      'flow.for_each_deep steps.2.within',
    ],
    [
      'a for-each with nothing to go through',
      [{ id: 'each', kind: 'flow.for-each' }, work('a', { within: 'each' })],
      'flow.for_each_source steps.0.in',
    ],
    [
      'a collected output that is not inside',
      [
        { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' }, with: { collect: 'b.file' } },
        work('a', { within: 'each' }),
        work('b'),
      ],
      'flow.collect steps.0.with.collect',
    ],
  ])('is %s', (_what, steps, code) => {
    expect(codes(steps)).toContain(code);
  });

  it('is a trigger that does not fit', () => {
    expect(codes([], { trigger: { kind: 'test.nothing' } })).toEqual(['flow.trigger_unknown trigger.kind']);
    expect(codes([], { trigger: { kind: 'test.ended', with: { channel: 7 } } })).toEqual([
      'flow.parameter trigger.with.channel',
    ]);
  });

  it('is not a parameter that a template will fill', () => {
    expect(codes([work('b'), { id: 'a', kind: 'test.tell', with: { text: '{{trigger.n}}' } }])).toEqual([]);
  });
});

describe('a delete', () => {
  const sound = [upload('up', 'trigger.film'), verify('sure', 'trigger.film', 'up.copy')];
  const refused = (steps: Steps) => check(steps).filter(({ code }) => code === 'flow.delete_unverified');

  it('may follow the verify of the same file, also over other steps and gathers of ways that all verify', () => {
    expect(check([...sound, remove('trigger.film', ['sure'])])).toEqual([]);
    expect(check([...sound, work('x', { after: ['sure'] }), remove('trigger.film', ['x'])])).toEqual([]);
    expect(
      check([
        ...sound,
        upload('up2', 'trigger.film'),
        verify('sure2', 'trigger.film', 'up2.copy'),
        { id: 'any', kind: 'flow.gather', with: { mode: 'any' }, after: ['sure', 'sure2'] },
        remove('trigger.film', ['any']),
      ]),
    ).toEqual([]);
  });

  it.each<[string, Steps, string[]]>([
    ['nothing is verified', [remove('trigger.film', [])], ['trigger', 'clean']],
    ['it is only uploaded', [...sound, remove('trigger.film', ['up'])], ['trigger', 'up', 'clean']],
    [
      'the verify has failed',
      [...sound, remove('trigger.film', ['sure.error'])],
      ['trigger', 'up', 'sure', 'clean'],
    ],
    [
      'another file is verified',
      [...sound, work('b'), remove('b.file', ['sure'])],
      ['trigger', 'b', 'clean'],
    ],
    [
      'the verify may fail unheard',
      [
        sound[0] as Steps[0],
        verify('sure', 'trigger.film', 'up.copy', { onError: 'continue' }),
        remove('trigger.film', ['sure']),
      ],
      ['trigger', 'up', 'sure', 'clean'],
    ],
    [
      'one of two ways leads past it',
      [
        ...sound,
        work('b'),
        { id: 'any', kind: 'flow.gather', with: { mode: 'any' }, after: ['sure', 'b'] },
        remove('trigger.film', ['any']),
      ],
      ['trigger', 'b', 'any', 'clean'],
    ],
    [
      'a condition leads past it',
      [
        { id: 'ask', kind: 'flow.condition', with: { if: 'true' } },
        upload('up', 'trigger.film', { after: ['ask.true'] }),
        verify('sure', 'trigger.film', 'up.copy'),
        { id: 'meet', kind: 'flow.gather', with: { mode: 'settled' }, after: ['sure', 'ask.false'] },
        remove('trigger.film', ['meet']),
      ],
      ['trigger', 'ask', 'meet', 'clean'],
    ],
  ])('is refused when %s', (_what, steps, way) => {
    const [issue] = refused(steps);
    expect(issue?.way).toEqual(way);
    expect(issue?.message).toContain(way.join(' → '));
    expect(issue?.severity).toBe('error');
  });

  it('of segments may follow the verify of a film that carries them, and of nothing else', () => {
    const film = { id: 'film', kind: 'test.join', in: { segments: 'trigger.segments' } };
    const steps = [film, upload('up', 'film.film'), verify('sure', 'film.film', 'up.copy')];
    expect(refused([...steps, remove('trigger.segments', ['sure'])])).toEqual([]);
    expect(refused([...steps, remove('trigger.film', ['sure'])])).toHaveLength(1);
  });

  it('is told at once however many ways lead to the same files', () => {
    const joins = Array.from({ length: 40 }, (_, n) => {
      const before = n === 0 ? 'trigger.segments' : `j${n - 1}.film`;
      return { id: `j${n}`, kind: 'test.join', in: { segments: [before, before] }, with: { title: 'x' } };
    });
    const steps = [...joins, upload('up', 'j39.film'), verify('sure', 'j39.film', 'up.copy')];
    // 2^40 ways: this would not come back.
    expect(refused([...steps, remove('trigger.segments', ['sure'])])).toEqual([]);
    expect(refused([...steps, remove('trigger.segments', ['up'])])).toHaveLength(1);
  });

  it('may be inside of a for-each, or after one that verifies every file', () => {
    const each = { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' } };
    const body = [
      upload('up', 'each.file', { within: 'each' }),
      verify('sure', 'each.file', 'up.copy', { within: 'each' }),
    ];
    expect(refused([each, ...body, remove('each.file', ['sure'], { within: 'each' })])).toEqual([]);
    expect(refused([each, ...body, remove('trigger.segments', ['each'])])).toEqual([]);
    expect(refused([each, ...body, remove('each.file', ['up'], { within: 'each' })])).toHaveLength(1);
    const maybe = [
      { id: 'ask', kind: 'flow.condition', within: 'each', with: { if: 'index == 0' } },
      upload('up', 'each.file', { within: 'each', after: ['ask.true'] }),
      verify('sure', 'each.file', 'up.copy', { within: 'each' }),
    ];
    expect(refused([each, ...maybe, remove('trigger.segments', ['each'])])).toHaveLength(1);
    const heard = [...body, work('sorry', { within: 'each', after: ['sure.error'] })];
    expect(refused([each, ...heard, remove('trigger.segments', ['each'])])).toHaveLength(1);
  });

  it('may not build on a for-each whose body waits for what the for-each does not', () => {
    const each = { id: 'each', kind: 'flow.for-each', in: { files: 'trigger.segments' } };
    const body = (after: string) => [
      upload('up', 'each.file', { within: 'each' }),
      verify('sure', 'each.file', 'up.copy', { within: 'each', after: [after] }),
    ];
    const clean = remove('trigger.segments', ['each']);
    // Ends `first` the other way, then every round skips its verify, and the for-each has succeeded.
    for (const after of ['first', 'first.error'])
      expect(refused([work('first'), each, ...body(after), clean])).toHaveLength(1);
    const waits = { ...each, after: ['first'] };
    expect(refused([work('first'), waits, ...body('first'), clean])).toEqual([]);
    expect(refused([work('first'), waits, ...body('first.error'), clean])).toHaveLength(1);
  });
});
