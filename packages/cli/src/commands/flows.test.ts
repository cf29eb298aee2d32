import { reason } from '@backlot/contract';
import { newId } from '@backlot/contract/id';
import { fill, type Phrase, type PhraseParams } from '@backlot/contract/phrase';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import { expect, it } from 'vitest';
import type { CliAction, CommandContext } from '../command.ts';
import { loadReasons } from '../reasons.ts';
import { flowsCommands } from './flows.ts';

it('backlot flows show says why a trigger starts nothing', async () => {
  const show = flowsCommands.commands.find(({ name }) => name === 'show') as CliAction;
  const flow = {
    ...{ id: newId(), name: 'archive', version: 3, enabled: true, hook: null, trigger: 'orchard.ripe' },
    problem: reason(kernelPhrases, 'flow.kind_missing', { kind: 'orchard.ripe' }),
    definition: { steps: [] },
  };
  const shown: string[] = [];
  const context = {
    language: 'zh-CN',
    signal: new AbortController().signal,
    // Such a flow is left over when a workload is taken away, which no test can do to a control plane that runs.
    api: async () => ({ flows: { get: async () => flow, runs: async function* () {} } }),
    say: (phrase: Phrase, params: PhraseParams = {}) => fill(phrase, params, 'zh-CN'),
    reasons: () => loadReasons([], 'zh-CN'),
    out: {
      result: (_value: unknown, render: (value: unknown) => readonly string[]) =>
        shown.push(...render(_value)),
    },
  } as unknown as CommandContext;
  expect(await show.run(context, { flow: flow.id })).toBe(0);
  expect(shown).toContain('触发器无法启动运行: 此安装中没有提供步骤类型 orchard.ripe 的工作负载。');
});
