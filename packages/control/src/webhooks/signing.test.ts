import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { expect, it } from 'vitest';
import { newWebhookSecret, signatureHeaders } from './signing.ts';

const nowS = () => Math.floor(Date.now() / 1000);

it('is what the specification’s own library verifies, whatever the body', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.uuid(), (value, id) => {
      const secret = newWebhookSecret();
      const body = JSON.stringify({ value });
      const headers = { ...signatureHeaders(secret, `msg_${id}`, nowS(), body) };
      expect(new Webhook(secret).verify(body, headers)).toEqual(JSON.parse(body));
    }),
  );
});

it('fails for another body, another id, another time, another secret', () => {
  const secret = newWebhookSecret();
  const headers = { ...signatureHeaders(secret, 'msg_1', nowS(), '{"a":1}') };
  const verify = (body: string, changed: Partial<typeof headers> = {}, key = secret) =>
    new Webhook(key).verify(body, { ...headers, ...changed });
  expect(() => verify('{"a":2}')).toThrow();
  expect(() => verify('{"a":1}', { 'webhook-id': 'msg_2' })).toThrow();
  expect(() => verify('{"a":1}', { 'webhook-timestamp': String(nowS() - 1) })).toThrow();
  expect(() => verify('{"a":1}', {}, newWebhookSecret())).toThrow();
  expect(() => verify('{"a":1}', signatureHeaders(secret, 'msg_1', nowS() - 3_600, '{"a":1}'))).toThrow(
    /old/,
  );
});

it('makes secrets of the form and length that the specification asks for', () => {
  const secret = newWebhookSecret();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(secret.slice(6), 'base64')).toHaveLength(32);
});
