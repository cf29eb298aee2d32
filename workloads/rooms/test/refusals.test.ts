import { BacklotError, fill, toProblem } from '@backlot/contract';
import { describe, expect, it } from 'vitest';
import { roomHttpErrors } from '../contract/http-errors.ts';
import { mauthFaults, sdpFaults } from '../contract/refusals.ts';
import { readFragment } from '../control/http/sdp/fragment.ts';
import { readOffer } from '../control/http/sdp/read-offer.ts';
import { chromePublishes } from '../testing/offers.ts';

/** Refusals are read by people in their language, inside and out, and by programs by their codes. */
describe('a refusal', () => {
  const params = { kind: 'video', limit: 8 };
  it.each([
    ...Object.entries(sdpFaults).map((fault) => [roomHttpErrors.sdp_unacceptable, ...fault] as const),
    ...Object.entries(mauthFaults).map((fault) => [roomHttpErrors.nuve_unauthorized, ...fault] as const),
  ])('$code: %2$s is said in both languages', (kind, reason, phrase) => {
    const error = new BacklotError(kind, { params: { ...params, reason } });
    for (const language of ['en', 'zh-CN'] as const) {
      const problem = toProblem(error, language);
      expect(problem.detail).toContain(fill(phrase, params, language));
      expect(problem.detail).not.toMatch(/[{}]|\w_\w/);
      expect(problem.params).toMatchObject({ reason });
    }
    expect(phrase['zh-CN']).toMatch(/\p{Script=Han}/u);
  });

  function refusalOf(work: () => unknown): BacklotError {
    try {
      work();
    } catch (error) {
      if (error instanceof BacklotError) return error;
      throw error;
    }
    throw new Error('Nothing was refused.');
  }
  it.each([
    [
      'an offer that is none',
      () => readOffer('hello'),
      '无法读取此 SDP：未以 v=0 开头。请发送浏览器 createOffer() 的结果。',
    ],
    [
      'an empty fragment',
      () => readFragment(''),
      '无法读取此 SDP：内容为空。请发送浏览器 createOffer() 的结果。',
    ],
    [
      'media of another kind',
      () => readOffer(chromePublishes.replace('m=audio', 'm=text')),
      '无法完整接受此 offer：提供了 text，但只接受 audio 和 video。未建立任何连接，请修改后重新发送。',
    ],
  ])('of %s is one sentence in Chinese', (_what, work, sentence) => {
    expect(refusalOf(work).sentence('zh-CN')).toBe(sentence);
  });

  it('with a reason that no table has says it as it is', () => {
    const error = new BacklotError(roomHttpErrors.sdp_unreadable, { params: { reason: 'toString' } });
    expect(error.message).toContain('toString');
  });
});
