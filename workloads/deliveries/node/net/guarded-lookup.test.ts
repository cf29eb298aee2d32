import { expect, it } from 'vitest';
import { checkHost, isForbidden } from './guarded-lookup.ts';

it.each([
  ['93.184.216.34', false],
  ['10.0.0.1', false],
  ['127.0.0.1', false],
  ['100.64.0.1', false],
  ['fd12:3456::1', false],
  ['2606:2800:220:1:248:1893:25c8:1946', false],
  ['0.0.0.0', true],
  ['169.254.169.254', true],
  ['::ffff:169.254.169.254', true],
  ['::ffff:a9fe:a9fe', true],
  ['64:ff9b::a9fe:a9fe', true],
  ['2002:a9fe:a9fe::', true],
  ['fd00:ec2::254', true],
  ['100.100.100.200', true],
  ['192.0.0.192', true],
  ['fe80::1%eth0', true],
  ['224.0.0.1', true],
  ['not an address', true],
])('%s is forbidden: %s', (address, forbidden) => expect(isForbidden(address)).toBe(forbidden));

it.each(['http://0xa9fea9fe/', 'http://2852039166', 'http://[::ffff:169.254.169.254]/x', 'http://0/'])(
  'whatever notation a host is written in: %s',
  (url) => expect(() => checkHost(url)).toThrow(expect.objectContaining({ kind: 'refused' })),
);
