import { expect, it } from 'vitest';
import { isSameOrigin } from './same-origin.ts';

const publicOrigin = 'https://backlot.example.com';

it.each([
  ['the public address', 'https://backlot.example.com', 'internal:8080', true],
  ['the host that was asked', 'http://127.0.0.1:8080', '127.0.0.1:8080', true],
  ['the host behind a proxy that ends TLS', 'https://studio.lan', 'studio.lan', true],
  ['a host in capitals', 'http://studio.lan', 'STUDIO.lan', true],
  ['another site', 'https://evil.example', '127.0.0.1:8080', false],
  ['another port', 'http://127.0.0.1:9090', '127.0.0.1:8080', false],
  ['a name that only begins alike', 'http://127.0.0.1.evil.example:8080', '127.0.0.1:8080', false],
  ['an opaque origin', 'null', '127.0.0.1:8080', false],
  ['no origin', undefined, '127.0.0.1:8080', false],
  ['no host', 'http://127.0.0.1:8080', undefined, false],
  ['nonsense', 'not a url', '127.0.0.1:8080', false],
  ['an extension', 'chrome-extension://127.0.0.1:8080', '127.0.0.1:8080', false],
])('%s: %s asking %s is same-origin: %s', (_what, origin, host, expected) => {
  expect(isSameOrigin({ origin, host, publicOrigin })).toBe(expected);
});
