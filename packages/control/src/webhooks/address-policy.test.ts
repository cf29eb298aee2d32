import { describe, expect, it } from 'vitest';
import { type AddressKind, kindOfAddress, refusalOf } from './address-policy.ts';

describe('an address', () => {
  it.each<[string, AddressKind]>([
    ['93.184.216.34', 'public'],
    ['2606:2800:220:1:248:1893:25c8:1946', 'public'],
    ['10.0.0.1', 'private'],
    ['172.16.0.1', 'private'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'private'],
    ['100.64.0.1', 'private'],
    ['fd12:3456::1', 'private'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback'],
    ['::1', 'loopback'],
    ['::ffff:127.0.0.1', 'loopback'],
    ['::ffff:10.0.0.1', 'private'],
    ['::ffff:7f00:1', 'loopback'],
    ['0.0.0.0', 'forbidden'],
    ['::', 'forbidden'],
    ['169.254.169.254', 'forbidden'],
    ['::ffff:169.254.169.254', 'forbidden'],
    ['100.100.100.200', 'forbidden'],
    ['100.100.100.201', 'private'],
    ['fd00:ec2::254', 'forbidden'],
    ['fe80::1', 'forbidden'],
    ['fe80::1%eth0', 'forbidden'],
    ['64:ff9b::a9fe:a9fe', 'forbidden'],
    ['2002:7f00:1::', 'forbidden'],
    ['224.0.0.1', 'forbidden'],
    ['255.255.255.255', 'forbidden'],
    ['ff02::1', 'forbidden'],
    ['not an address', 'forbidden'],
  ])('%s is %s', (address, kind) => {
    expect(kindOfAddress(address)).toBe(kind);
  });
});

describe('the policy', () => {
  const open = { allowPrivateNetworks: true, allowLoopback: true };
  const closed = { allowPrivateNetworks: false, allowLoopback: false };
  it.each([
    ['93.184.216.34', open, true],
    ['93.184.216.34', closed, true],
    ['192.168.1.1', open, true],
    ['192.168.1.1', closed, false],
    ['127.0.0.1', open, true],
    ['127.0.0.1', closed, false],
    ['169.254.169.254', open, false],
    ['::', open, false],
  ])('%s under %j may be called: %s', (address, settings, allowed) => {
    expect(refusalOf(address, settings) === undefined).toBe(allowed);
  });
});
