import { lookup as dnsLookup } from 'node:dns';
import { lookup as lookupAll } from 'node:dns/promises';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { StoreFault } from '../store/store-fault.ts';

/**
 * Addresses that no target may have: those where clouds answer with the machine's own keys (link-local, AWS's fd00:ec2::254,
 * Alibaba's 100.100.100.200, Oracle's 192.0.0.192), this-host, multicast, and IPv6 forms that carry any of them to a
 * translator (NAT64, 6to4, Teredo). Private networks are allowed, because a store in one's own house is what most
 * people have; who may make targets is a right of its own.
 */
const forbidden = new BlockList();
for (const [address, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['100.100.100.200', 32],
  ['192.0.0.0', 24],
  ['224.0.0.0', 3],
] as const) {
  forbidden.addSubnet(address, prefix, 'ipv4');
}
for (const [address, prefix] of [
  ['::', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['2001::', 32],
  ['2002::', 16],
  ['fe80::', 10],
  ['ff00::', 8],
  ['fd00:ec2::', 32],
] as const) {
  forbidden.addSubnet(address, prefix, 'ipv6');
}

export function isForbidden(address: string): boolean {
  // A zone says by which card, not where to.
  const bare = address.split('%', 1)[0] ?? '';
  const version = isIP(bare);
  return version === 0 || forbidden.check(bare, version === 6 ? 'ipv6' : 'ipv4');
}

/** Looks names up and refuses them when any of their addresses is forbidden; so a name can't change its mind later. */
export const guardedLookup: LookupFunction = (hostname, options, callback) => {
  dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, []);
    const bad = addresses.find(({ address }) => isForbidden(address));
    if (bad) return callback(new StoreFault('refused', `the address ${bad.address} may not be used`), []);
    const [first] = addresses;
    if (!first) return callback(new Error(`${hostname} has no address`), []);
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  });
};

/** For what looks names up by itself: all addresses of a name, or the one that it is. @throws StoreFault `refused` */
export async function checkName(host: string): Promise<void> {
  // A name without an address is told by whoever wants to go there.
  const found = isIP(host) === 0 ? await lookupAll(host, { all: true }).catch(() => []) : [{ address: host }];
  const bad = found.find(({ address }) => isForbidden(address));
  if (bad) throw new StoreFault('refused', `the address ${bad.address} may not be used`);
}

/** Addresses that are written out are never looked up, so they are checked here. @throws StoreFault `refused` */
export function checkHost(url: string): void {
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0 && isForbidden(host)) {
    throw new StoreFault('refused', `the address ${host} may not be used`);
  }
}
