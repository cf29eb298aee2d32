import { Failure, languages, reason } from '@backlot/contract';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import { describe, expect, it } from 'vitest';
import { loadReasons } from './reasons.ts';
import { workloads } from './workloads.ts';

/** As it comes over the wire: the kernel knows neither the workload nor its sentences. */
const stored = Failure.parse({
  class: 'input',
  signature: 'input:renders.too_large',
  reason: {
    code: 'renders.too_large',
    params: { polygons: 9, limit: 5 },
    message: 'The model has 9 faces, and at most 5 are rendered. Reduce it and upload it again.',
  },
}).reason;

describe('the sentence of a reason', () => {
  it('is a workload’s own, in the language of the terminal', async () => {
    expect((await loadReasons(workloads, 'zh-CN'))(stored)).toBe(
      '模型有 9 个面，最多渲染 5 个。请精简后重新上传。',
    );
    expect((await loadReasons(workloads, 'en'))(stored)).toBe(stored.message);
  });

  it('is the kernel’s, with the causes of a workload behind it', async () => {
    const wait = { ...reason(kernelPhrases, 'wait.held'), causes: [stored] };
    expect((await loadReasons(workloads, 'zh-CN'))(wait)).toBe(
      '等待人工处理：模型有 9 个面，最多渲染 5 个。请精简后重新上传。',
    );
  });

  it('is the stored one where nobody here knows the code, as from a newer release', async () => {
    const sentence = await loadReasons(workloads, 'zh-CN');
    expect(sentence({ ...stored, code: 'renders.of_tomorrow' })).toBe(stored.message);
  });

  it('asks no workload for anything in English', async () => {
    const phrases = () => Promise.reject(new Error('loaded in vain'));
    expect((await loadReasons([{ phrases }], 'en'))(stored)).toBe(stored.message);
    await expect(loadReasons([{ phrases }], 'zh-CN')).rejects.toThrow('loaded in vain');
  });

  it.each(workloads.map((workload) => [workload.name, workload] as const))(
    'exists for %s in each language under codes of its own name',
    async (name, workload) => {
      const table = await workload.phrases();
      expect(Object.keys(table).length).toBeGreaterThan(0);
      for (const [code, phrase] of Object.entries(table)) {
        expect(code.startsWith(`${name}.`)).toBe(true);
        for (const language of languages) expect(phrase[language]).not.toBe('');
      }
    },
  );
});
