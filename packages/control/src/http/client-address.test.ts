import type { IncomingMessage } from 'node:http';
import { expect, it } from 'vitest';
import { createAddressOf } from './client-address.ts';

const request = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    socket: { remoteAddress },
    connection: { remoteAddress },
    headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  }) as unknown as IncomingMessage;

it('believes what a trusted proxy says, and nobody else', () => {
  const addressOf = createAddressOf(['10.0.0.0/8']);
  expect(addressOf(request('10.1.2.3', '203.0.113.9'))).toBe('203.0.113.9');
  expect(addressOf(request('10.1.2.3', '6.6.6.6, 203.0.113.9'))).toBe('203.0.113.9');
  expect(addressOf(request('198.51.100.7', '203.0.113.9'))).toBe('198.51.100.7');
  expect(addressOf(request('10.1.2.3', 'nonsense'))).toEqual(expect.any(String));
  expect(createAddressOf()(request('198.51.100.7', '203.0.113.9'))).toBe('198.51.100.7');
  expect(addressOf(request(undefined))).toBeNull();
});
