import { missingFrom } from '@backlot/contract';
import type { Demand } from '../tasks/shape.ts';
import { largeEnough } from './fit.ts';
import type { NodePlace } from './model.ts';

/** Why a node is out of the question for a demand, whatever is free on it. */
export type Obstacle =
  | { readonly kind: 'away'; readonly how: 'joining' | 'unreachable' | 'quarantined' }
  | { readonly kind: 'closed'; readonly how: 'cordoned' | 'draining' }
  | { readonly kind: 'lacks'; readonly capability: string }
  | { readonly kind: 'labels' }
  | { readonly kind: 'not-named' }
  | { readonly kind: 'too-small' };

/**
 * What keeps a node from ever taking such a task as it is now; nothing when it may. What it is (labels,
 * capabilities, size) comes before the state it is in, because that is what a person can't wait for.
 */
export function obstacle(node: NodePlace, demand: Demand): Obstacle | undefined {
  const { constraints, resources } = demand;
  if (constraints.nodes && !constraints.nodes.includes(node.id)) return { kind: 'not-named' };
  for (const [label, value] of Object.entries(constraints.labels)) {
    if (node.labels[label] !== value) return { kind: 'labels' };
  }
  for (const query of constraints.capabilities) {
    const missing = missingFrom(node.capabilities, query);
    if (missing !== undefined) return { kind: 'lacks', capability: missing };
  }
  if (!largeEnough(node, resources)) return { kind: 'too-small' };
  if (node.state === 'joining') return { kind: 'away', how: 'joining' };
  if (node.state !== 'ready' || !node.connected) return { kind: 'away', how: 'unreachable' };
  if (node.schedulable !== 'yes') return { kind: 'closed', how: node.schedulable };
  if (node.quarantined) return { kind: 'away', how: 'quarantined' };
  return undefined;
}
