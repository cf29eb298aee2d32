import { expect, it } from 'vitest';
import { openByDefault } from './open-by-default.ts';

it.each([
  ['127.0.0.1', undefined, true],
  ['127.0.0.2', undefined, true],
  ['localhost', undefined, true],
  ['::1', 'http://[::1]:8080', true],
  ['127.0.0.1', 'http://localhost:8080', true],
  ['0.0.0.0', undefined, false],
  ['::', undefined, false],
  ['192.168.1.5', undefined, false],
  ['127.0.0.1', 'https://studio.example.com', false],
  ['127.evil.example.com', undefined, false],
])('at %s, known as %s: guests without a ticket are let in: %s', (host, publicUrl, open) => {
  expect(openByDefault({ host, publicUrl })).toBe(open);
});
