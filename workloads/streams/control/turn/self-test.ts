import { BlockList, isIPv6 } from 'node:net';
import { type Clock, type PhraseParams, reason } from '@backlot/contract';
import type { TurnServers } from '@backlot/control/workload';
import { type TurnCheck, type TurnTestAnswer, turnPhrases } from '../../contract.ts';
import { turnCredentials } from './credentials.ts';
import type { Endpoint } from './stun-message.ts';
import { connectStun } from './stun-transport.ts';
import { TurnClient } from './turn-client.ts';
import { TurnFault } from './turn-fault.ts';
import { parseTurnUrl, type TurnAddress } from './turn-url.ts';

export interface SelfTestOptions {
  readonly turn: TurnServers;
  readonly clock: Clock;
  /** For each answer of a server. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

type Verdict = {
  readonly code: keyof typeof turnPhrases;
  readonly params: PhraseParams;
  readonly relayed?: Endpoint;
};

/** A test's credentials are of no use to anybody a minute later. */
const ttlSeconds = 60;
const good: ReadonlySet<string> = new Set([
  'streams.turn.works',
  'streams.turn.allocates',
  'streams.turn.stun_works',
]);
const packet = Buffer.from('backlot turn self-test');

/**
 * Tries every configured server as a browser would: name, way, credentials, a relayed address, and a packet through the
 * relay and back. Says of each, in words, what is wrong. All at the same time; never longer than a few answers take.
 */
export async function testTurnServers(options: SelfTestOptions): Promise<TurnTestAnswer> {
  const { turn, clock } = options;
  const checks = await Promise.all(
    turn.urls.map(async (url): Promise<TurnCheck> => {
      const begun = clock.monotonic();
      const { code, params, relayed } = await testOne(url, options);
      return {
        url,
        ok: good.has(code),
        sentence: reason(turnPhrases, code, params),
        relayedAddress: relayed ? textOf(relayed) : null,
        ms: Math.round(clock.monotonic() - begun),
      };
    }),
  );
  return {
    ok: checks.length > 0 && checks.every((check) => check.ok),
    checks,
    advice: checks.length === 0 ? reason(turnPhrases, 'streams.turn.none') : null,
  };
}

async function testOne(url: string, options: SelfTestOptions): Promise<Verdict> {
  const target = parseTurnUrl(url);
  if (!target) return { code: 'streams.turn.address_invalid', params: { url } };
  const clients: TurnClient[] = [];
  let relayed: Endpoint | undefined;
  try {
    const open = async () => {
      const { client, remote } = await openClient(target, options);
      clients.push(client);
      return { client, remote };
    };
    const { client, remote } = await open();
    if (target.kind === 'stun') {
      const seen = await client.bind();
      if (!seen) throw new TurnFault('streams.turn.not_turn', { host: target.host, port: target.port });
      return { code: 'streams.turn.stun_works', params: { address: textOf(seen) } };
    }
    relayed = await client.allocate();
    const address = textOf(relayed);
    if (isPrivate(relayed.address) && !isPrivate(remote)) {
      return { code: 'streams.turn.private_relay', params: { address }, relayed };
    }
    const other = await open();
    const code = await tryRelay({ client, relayed }, other.client, options);
    return { code, params: { address }, relayed };
  } catch (error) {
    options.signal.throwIfAborted();
    if (!(error instanceof TurnFault)) throw error;
    return { code: error.code, params: error.params, ...(relayed ? { relayed } : {}) };
  } finally {
    await Promise.all(clients.map((client) => client.release()));
  }
}

async function openClient(target: TurnAddress, { turn, clock, timeoutMs, signal }: SelfTestOptions) {
  const transport = await connectStun(target, { clock, timeoutMs, signal });
  const { username, credential } = turnCredentials({
    secret: turn.secret ?? '',
    user: 'self-test',
    ttlSeconds,
    now: clock.now(),
  });
  const client = new TurnClient({ target, transport, username, credential, clock, timeoutMs });
  return { client, remote: transport.remoteAddress };
}

/**
 * Whether a packet passes from one relayed address to the other. Both ends are the server's, so that our own firewall
 * has no part in it: it is the way that two players behind strict firewalls would take.
 */
async function tryRelay(
  first: { client: TurnClient; relayed: Endpoint },
  second: TurnClient,
  { clock, timeoutMs, signal }: SelfTestOptions,
): Promise<'streams.turn.works' | 'streams.turn.allocates' | 'streams.turn.relay_blocked'> {
  const there = await second.allocate();
  try {
    await Promise.all([first.client.permit(there), second.permit(first.relayed)]);
  } catch (error) {
    // Some servers never relay to themselves, and may be right to.
    if (error instanceof TurnFault && error.params.code === 403) return 'streams.turn.allocates';
    throw error;
  }
  const stop = new AbortController();
  const arrived = new Promise<boolean>((resolve) => {
    second.onData((data) => {
      if (data.equals(packet)) resolve(true);
    });
  });
  const until = AbortSignal.any([signal, stop.signal]);
  const repeated = (async () => {
    for (const pause of [0, 200, 500, Math.max(0, timeoutMs - 700)]) {
      await clock.sleep(pause, until);
      first.client.sendTo(there, packet);
    }
    return false;
  })();
  repeated.catch(() => undefined);
  try {
    return (await Promise.race([arrived, repeated])) ? 'streams.turn.works' : 'streams.turn.relay_blocked';
  } finally {
    stop.abort();
  }
}

function textOf({ address, port }: Endpoint): string {
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

const privateRanges = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  privateRanges.addSubnet(network, prefix, 'ipv4');
}
privateRanges.addSubnet('::1', 128, 'ipv6');
privateRanges.addSubnet('fc00::', 7, 'ipv6');
privateRanges.addSubnet('fe80::', 10, 'ipv6');

function isPrivate(address: string): boolean {
  return privateRanges.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
