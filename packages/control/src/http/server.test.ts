import { Problem } from '@backlot/contract';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let front: TestFront;
beforeAll(async () => {
  front = await createTestFront();
});
afterAll(() => front.close());

const asAdmin = () => ({ authorization: `Bearer ${front.adminToken}` });

describe('every answer', () => {
  it('carries the request id, and headers that let a browser do nothing with it', async () => {
    const answer = await front.app.inject({ url: '/healthz' });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    expect(answer.headers['content-security-policy']).toContain("frame-ancestors 'none'");
  });
});

describe('errors', () => {
  it.each([
    ['en', 'You are not signed in'],
    ['zh-CN', '您尚未登录'],
  ])('are problem documents in %s', async (language, words) => {
    const answer = await front.app.inject({
      url: '/api/v1/me',
      headers: { 'accept-language': language },
    });
    expect(answer.statusCode).toBe(401);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['content-language']).toBe(language);
    expect(answer.headers['www-authenticate']).toContain('Bearer');
    const problem = Problem.parse(answer.json());
    expect(problem).toMatchObject({
      code: 'unauthenticated',
      status: 401,
      type: 'urn:backlot:error:unauthenticated',
    });
    expect(problem.detail).toContain(words);
    expect(problem.requestId).toBe(answer.headers['x-request-id']);
  });

  it('name every fault of the input with its place, in the language of the reader', async () => {
    const send = (language: string) =>
      front.app.inject({
        method: 'POST',
        url: '/api/v1/projects',
        headers: { ...asAdmin(), 'accept-language': language },
        payload: { slug: 'Not A Slug', name: '' },
      });
    const english = Problem.parse((await send('en')).json());
    const chinese = Problem.parse((await send('zh-CN')).json());
    expect(english.issues?.map((issue) => issue.pointer)).toEqual(['body.slug', 'body.name']);
    expect(english.issues?.[0]?.message).toBe('Use lower-case letters, digits and dashes.');
    expect(chinese.issues?.[1]?.message).toMatch(/[\u4e00-\u9fff]/);
    expect(chinese.detail).toContain('请求不符合要求');
  });
});
