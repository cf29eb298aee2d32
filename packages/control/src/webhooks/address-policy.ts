import { BlockList, isIP } from 'node:net';
import { accessErrors, BacklotError, type WebhookSettings } from '@backlot/contract';

/** What an address is to us. */
export type AddressKind = 'public' | 'private' | 'loopback' | 'forbidden';

function block(...ranges: readonly [address: string, prefix: number][]): BlockList {
  const list = new BlockList();
  for (const [address, prefix] of ranges) {
    list.addSubnet(address, prefix, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

const loopback = block(['127.0.0.0', 8], ['::1', 128]);

const privateNetworks = block(
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
  ['fc00::', 7],
);

/**
 * Never a receiver: this host (0/8, ::), link-local (169.254/16 holds the metadata services of clouds), protocol
 * assignments, benchmarking, multicast, reserved, documentation (IANA special-purpose registries), and
 * IPv6 forms that carry an IPv4 address to a translator (NAT64, 6to4, Teredo). Also the metadata services that clouds keep
 * in private ranges, whatever is allowed of those: AWS (fd00:ec2::/32), Alibaba (100.100.100.200).
 */
const forbidden = block(
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['100.100.100.200', 32],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 128],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 32],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fd00:ec2::', 32],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
);

/** What kind of address it is. `BlockList` compares IPv4-mapped IPv6 addresses as the IPv4 that they mean. */
export function kindOfAddress(address: string): AddressKind {
  const bare = address.split('%', 1)[0] ?? '';
  const version = isIP(bare);
  if (version === 0) return 'forbidden';
  const family = version === 6 ? 'ipv6' : 'ipv4';
  if (loopback.check(bare, family)) return 'loopback';
  if (forbidden.check(bare, family)) return 'forbidden';
  return privateNetworks.check(bare, family) ? 'private' : 'public';
}

const refusals = {
  loopback: accessErrors.webhook_address_loopback,
  private: accessErrors.webhook_address_private,
  forbidden: accessErrors.webhook_address_forbidden,
} as const;

/** Which kinds of address an administrator has allowed. */
function isAllowed(kind: AddressKind, settings: WebhookSettings): boolean {
  if (kind === 'loopback') return settings.allowLoopback;
  if (kind === 'private') return settings.allowPrivateNetworks;
  return kind === 'public';
}

/**
 * The error for an address that may not be called; undefined when it may.
 * @param shown how the person who asks knows it: the name that resolved to it
 */
export function refusalOf(
  address: string,
  settings: WebhookSettings,
  shown: string = address,
): BacklotError | undefined {
  const kind = kindOfAddress(address);
  if (kind === 'public' || isAllowed(kind, settings)) return undefined;
  return new BacklotError(refusals[kind], { params: { address: shown } });
}
