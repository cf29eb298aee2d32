import { expect, it } from 'vitest';
import { BacklotError, defineErrors, toProblem } from './catalogue.ts';

const { refused } = defineErrors({
  refused: {
    status: 422,
    retryable: false,
    message: { en: 'Refused: {reason}.', 'zh-CN': '已拒绝：{reason}。' },
    phrases: { reason: { too_many: { en: 'more than {limit}', 'zh-CN': '超过 {limit} 个' } } },
  },
});

it('says a parameter that is a code in the reader’s language, and tells the code to programs', () => {
  const error = new BacklotError(refused, { params: { reason: 'too_many', limit: 3 } });
  expect(error.message).toBe('Refused: more than 3.');
  expect(toProblem(error, 'zh-CN')).toMatchObject({
    detail: '已拒绝：超过 3 个。',
    params: { reason: 'too_many', limit: 3 },
  });
});

it('leaves a parameter as it is that is no code of the table', () => {
  for (const reason of ['else', 'toString', '__proto__']) {
    expect(new BacklotError(refused, { params: { reason } }).sentence('zh-CN')).toBe(`已拒绝：${reason}。`);
  }
});
