import { describe, expect, it } from 'vitest';
import { reason, translateReason } from '../phrase.ts';
import { kernelPhrases } from './kernel.ts';

const placeholders = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

describe('the sentences of the kernel', () => {
  it.each(Object.entries(kernelPhrases))('%s takes the same parameters in each language', (_code, phrase) => {
    expect(placeholders(phrase.en)).toEqual(placeholders(phrase['zh-CN']));
  });

  it('name their causes behind a colon, in the language of the reader', () => {
    const wait = {
      ...reason(kernelPhrases, 'wait.gpu', { count: 1, amount: '8 GB' }),
      causes: [
        reason(kernelPhrases, 'wait.because.free', { node: 'node-3', amount: '6.1 GB' }),
        reason(kernelPhrases, 'wait.because.cordoned', { node: 'node-1' }),
        reason(kernelPhrases, 'wait.because.ahead_in_project', { count: 2, project: 'Film' }),
      ],
    };
    expect(translateReason(wait, [kernelPhrases], 'en')).toBe(
      'waits for 1 GPU with 8 GB of free memory: node-3 has 6.1 GB free, node-1 is cordoned, 2 ahead in project Film',
    );
    expect(translateReason(wait, [kernelPhrases], 'zh-CN')).toBe(
      '等待 1 块空闲显存为 8 GB 的 GPU：node-3 空闲 6.1 GB，node-1 已停止调度，项目 Film 中前面还有 2 个',
    );
  });

  it('keep the English sentence when nobody knows the code', () => {
    expect(translateReason({ code: 'other.code', params: {}, message: 'As stored.' }, [], 'zh-CN')).toBe(
      'As stored.',
    );
  });
});
