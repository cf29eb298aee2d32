import { Failure, languages, reason } from '@backlot/contract';
import { BacklotError, defineErrors } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { refusalOf } from '@backlot/contract/errors/refusal';
import { kernelPhrases } from '@backlot/contract/phrases/kernel';
import { describe, expect, it } from 'vitest';
import { loadReasons } from './reasons.ts';
import { workloads } from './workloads.ts';

const orchard = {
  phrases: async () => ({
    'orchard.unripe': {
      en: '{count} apples are unripe. Wait.',
      'zh-CN': '有 {count} 个苹果未成熟。请等待。',
    },
  }),
};
/** As it comes over the wire: the kernel knows neither the workload nor its sentences. */
const stored = Failure.parse({
  class: 'input',
  signature: 'input:orchard.unripe',
  reason: { code: 'orchard.unripe', params: { count: 9 }, message: '9 apples are unripe. Wait.' },
}).reason;

describe('the sentence of a reason', () => {
  it('is a workload’s own, in the language of the terminal', async () => {
    expect((await loadReasons([orchard], 'zh-CN'))(stored)).toBe('有 9 个苹果未成熟。请等待。');
    expect((await loadReasons([orchard], 'en'))(stored)).toBe(stored.message);
  });

  it('is the kernel’s, with the causes of a workload behind it', async () => {
    const wait = { ...reason(kernelPhrases, 'wait.held'), causes: [stored] };
    expect((await loadReasons([orchard], 'zh-CN'))(wait)).toBe('等待人工处理：有 9 个苹果未成熟。请等待。');
    expect((await loadReasons([orchard], 'en'))(wait)).toBe('waits for a person: 9 apples are unripe. Wait.');
  });

  it('is the stored one where nobody here knows the code, as from a newer release', async () => {
    const sentence = await loadReasons([orchard], 'zh-CN');
    expect(sentence({ ...stored, code: 'orchard.of_tomorrow' })).toBe(stored.message);
  });

  it('is that of the error which refused something, with the words of the language', async () => {
    const refusal = refusalOf(
      new BacklotError(kernelErrors.not_found, { params: { what: 'delivery target', id: 'tape' } }),
    );
    expect((await loadReasons([], 'zh-CN'))(refusal)).toBe(
      '没有找到投递目标 tape，或者您无权查看。请检查编号和项目。',
    );
    expect((await loadReasons([], 'en'))(refusal)).toBe(refusal.message);
    expect((await loadReasons([], 'zh-CN'))({ ...refusal, code: 'error.of_tomorrow' })).toBe(refusal.message);
  });

  it('is that of a workload’s error, which the control plane fails with in its name', async () => {
    const errors = async () =>
      defineErrors({
        orchard_closed: {
          status: 409,
          retryable: false,
          message: {
            en: 'The orchard {name} is closed. Open it first.',
            'zh-CN': '果园“{name}”已关闭。请先开放。',
          },
        },
      });
    const refusal = refusalOf(
      new BacklotError((await errors()).orchard_closed, { params: { name: 'north' } }),
    );
    expect((await loadReasons([{ ...orchard, errors }], 'zh-CN'))(refusal)).toBe(
      '果园“north”已关闭。请先开放。',
    );
    expect((await loadReasons([orchard], 'zh-CN'))(refusal)).toBe(
      'The orchard north is closed. Open it first.',
    );
  });

  it('asks no workload for anything in English', async () => {
    const phrases = () => Promise.reject(new Error('loaded in vain'));
    expect((await loadReasons([{ phrases }], 'en'))(stored)).toBe(stored.message);
    await expect(loadReasons([{ phrases }], 'zh-CN')).rejects.toThrow('loaded in vain');
  });

  it('exists for every workload in each language, under codes of its own name', async () => {
    for (const { name, phrases } of workloads) {
      const table = Object.entries(await phrases());
      expect(table.length).toBeGreaterThan(0);
      for (const [code, phrase] of table) {
        expect(code.startsWith(`${name}.`)).toBe(true);
        for (const language of languages) expect(phrase[language]).not.toBe('');
      }
    }
  });
});
