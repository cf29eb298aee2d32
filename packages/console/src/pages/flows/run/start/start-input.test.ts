import { FlowDefinition } from '@backlot/contract/flow/definition';
import { describe, expect, it } from 'vitest';
import { portsToFill, readData } from './start-input.ts';

describe('what a run by hand is begun with', () => {
  it.each([
    ['', { data: {} }],
    ['  \n', { data: {} }],
    ['{"title": "Evening news"}', { data: { title: 'Evening news' } }],
    ['{"title": "Evening news"', { problem: 'unreadable' }],
    ['title: Evening news', { problem: 'unreadable' }],
    ['["Evening news"]', { problem: 'no-object' }],
    ['"Evening news"', { problem: 'no-object' }],
    ['null', { problem: 'no-object' }],
    ['7', { problem: 'no-object' }],
  ])('reads the data %j as %j', (text, answer) => expect(readData(text)).toEqual(answer));

  it('is asked for those ports alone that a step takes something from', () => {
    const definition = FlowDefinition.parse({
      version: 1,
      name: 'x',
      trigger: { kind: 'flow.manual' },
      steps: [{ id: 'join', kind: 'recordings.join', in: { segments: ['trigger.files', 'trigger.data'] } }],
    });
    const words = { en: '', 'zh-CN': '' };
    const trigger = {
      kind: 'flow.manual',
      title: words,
      summary: words,
      parameters: {},
      outputs: { file: { type: 'file' }, files: { type: 'files' }, data: { type: 'data' } },
    } as const;
    expect(portsToFill(definition, trigger)).toEqual([{ port: 'files', many: true }]);
    expect(portsToFill(definition, undefined)).toEqual([]);
  });
});
