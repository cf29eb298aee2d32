import type { IceCandidate, IceParameters } from '../../../contract/media/rtp.ts';
import { unreadable } from './read-offer.ts';

/** A change of ICE during a session (RFC 8840, application/trickle-ice-sdpfrag), as far as a server with ICE-lite cares. */
export interface IceFragment {
  readonly usernameFragment: string | undefined;
  readonly password: string | undefined;
  /** How many candidates it brings. With ICE-lite the server waits to be called and needs none. */
  readonly candidates: number;
}

/** Characters of a fragment. */
const maxFragment = 32 * 1024;

/** Reads a fragment line by line; what it does not know it leaves alone. @throws sdp_unreadable */
export function readFragment(text: string): IceFragment {
  if (text.length > maxFragment) throw unreadable('too_long');
  const lines = text.split(/\r?\n/).filter((line) => line !== '');
  if (lines.length === 0) throw unreadable('empty');
  if (lines.some((line) => !/^[a-z]=/.test(line))) throw unreadable('not_sdp');
  const value = (name: string) =>
    lines
      .find((line) => line.startsWith(`a=${name}:`))
      ?.slice(name.length + 3)
      .trim();
  return {
    usernameFragment: value('ice-ufrag'),
    password: value('ice-pwd'),
    candidates: lines.filter((line) => line.startsWith('a=candidate:')).length,
  };
}

/** The server's side of a restarted ICE. */
export function writeFragment(
  mids: readonly string[],
  ice: IceParameters,
  candidates: readonly IceCandidate[],
): string {
  const lines = [
    ...(ice.iceLite === true ? ['a=ice-lite'] : []),
    `a=group:BUNDLE ${mids.join(' ')}`,
    'm=audio 9 UDP/TLS/RTP/SAVPF 0',
    `a=mid:${mids[0] ?? '0'}`,
    `a=ice-ufrag:${ice.usernameFragment}`,
    `a=ice-pwd:${ice.password}`,
    ...candidates.map(
      ({ foundation, protocol, priority, address, port, type, tcpType }) =>
        `a=candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${tcpType ? ` tcptype ${tcpType}` : ''}`,
    ),
    'a=end-of-candidates',
  ];
  return `${lines.join('\r\n')}\r\n`;
}
