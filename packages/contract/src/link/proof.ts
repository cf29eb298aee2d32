import type { Challenge, Hello } from './messages.ts';

/**
 * The text that a node signs with its Ed25519 key (RFC 8032) to sign in. The nonce is the server's and new for
 * every connection, so that a recorded proof opens nothing.
 */
export function proofText(
  challenge: Pick<Challenge, 'nonce'>,
  hello: Pick<Hello, 'nodeId' | 'epoch' | 'bootId'>,
): string {
  return `${challenge.nonce}|${hello.nodeId}|${hello.epoch}|${hello.bootId}`;
}
