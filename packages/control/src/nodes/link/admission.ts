import type { Hello, NodeState } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { linkProtocol } from '@backlot/contract/link/envelope';

/** What the database knows of a node that signs in. */
export interface KnownNode {
  readonly state: NodeState;
  readonly epoch: number;
  /**
   * Start of the agent that confirmed the present epoch; null from the moment an epoch begins until the node has
   * shown that it knows it.
   */
  readonly bootId: string | null;
}

export interface Admission {
  readonly protocol: number;
  readonly epoch: number;
  /** A new epoch begins: nothing of before is the node's own any more. */
  readonly newEpoch: boolean;
}

/**
 * Decides whether a node whose signature fits may sign in, and as of which epoch.
 *
 * An epoch begins when a node joins and whenever it returns from `lost`. A node that claims an older epoch is an old
 * copy of the identity (a restored disk, a stolen key) and refused. One exception is no copy: when the connection
 * broke between the server's writing the new epoch and the node's, the node honestly claims the one before; that is
 * so exactly while the new one has not been confirmed.
 *
 * A newer epoch than ours means that the database was restored from a backup; the node goes on with one above both.
 *
 * @throws node_removed, node_epoch_stale, link_protocol_unsupported
 */
export function admit(node: KnownNode, hello: Pick<Hello, 'epoch' | 'protocol'>): Admission {
  const protocol = Math.min(hello.protocol.max, linkProtocol.max);
  if (protocol < hello.protocol.min || protocol < linkProtocol.min) {
    throw new BacklotError(linkErrors.link_protocol_unsupported, {
      params: {
        node: `${hello.protocol.min}–${hello.protocol.max}`,
        control: `${linkProtocol.min}–${linkProtocol.max}`,
      },
    });
  }
  if (node.state === 'removed') throw new BacklotError(linkErrors.node_removed);
  if (hello.epoch > node.epoch) return { protocol, epoch: hello.epoch + 1, newEpoch: true };
  const unconfirmed = node.bootId === null && hello.epoch === node.epoch - 1;
  if (hello.epoch < node.epoch && !unconfirmed) {
    throw new BacklotError(linkErrors.node_epoch_stale, {
      params: { claimed: hello.epoch, current: node.epoch },
    });
  }
  const newEpoch = node.state === 'lost';
  return { protocol, epoch: newEpoch ? node.epoch + 1 : node.epoch, newEpoch };
}
