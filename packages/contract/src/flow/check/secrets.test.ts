import { expect, it } from 'vitest';
import { flowOf } from '../testing/run-flow.ts';
import { checkSecrets } from './secrets.ts';

it.each<[text: string, name: string | undefined]>([
  ['https://hook.example/robot?access_token=abc', 'access_token=…'],
  ['tell https://hook.example/?a=1&key=abc now', 'key=…'],
  ['see https://s3.example/x?X-Amz-Signature=abc', 'X-Amz-Signature=…'],
  ['rtmp://me:geheim@live.example/app', 'me:…@'],
  ['https://hook.example/?sign=', undefined],
  ['https://hook.example/?token={{trigger.token}}', undefined],
  ['https://hook.example/?token={{ trigger.token }}', undefined],
  ['https://example.com/watch?v=abc&lang=zh', undefined],
  ['the key=abc of no address', undefined],
  ['http://', undefined],
])('%s: a secret %s', (text, name) => {
  const flow = flowOf([{ id: 'tell', kind: 'test.work', with: { deep: [{ text }] } }]);
  expect(checkSecrets(flow)).toEqual(
    name === undefined
      ? []
      : [
          expect.objectContaining({
            code: 'flow.secret_in_address',
            path: ['steps', 0, 'with', 'deep', 0, 'text'],
            severity: 'warning',
            step: 'tell',
            params: { name },
          }),
        ],
  );
});

it('is looked for in what a trigger is told, too', () => {
  const trigger = { kind: 'flow.manual', with: { note: 'https://h.example/?token=abc' } };
  expect(checkSecrets(flowOf([], { trigger }))).toMatchObject([{ path: ['trigger', 'with', 'note'] }]);
});
