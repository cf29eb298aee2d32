import { z } from 'zod';
import { defineMachine } from './machine.ts';

/**
 * joining      has a key, has not connected yet
 * ready        its lease is good
 * unreachable  missed its lease: no new work, what runs there is unknown
 * lost         stayed away too long: its work was given to others; coming back it joins with the next epoch
 * removed      taken out by an operator
 */
export const nodeStates = ['joining', 'ready', 'unreachable', 'lost', 'removed'] as const;
export const NodeState = z.enum(nodeStates);
export type NodeState = z.infer<typeof NodeState>;

export const nodeMachine = defineMachine<NodeState>('node', {
  joining: ['ready', 'removed'],
  ready: ['unreachable', 'removed'],
  unreachable: ['ready', 'lost', 'removed'],
  lost: ['ready', 'removed'],
  removed: [],
});

/** Whether new work may go to a node; a field of its own, apart from whether it can be reached. */
export const schedulabilities = ['yes', 'cordoned', 'draining'] as const;
export const Schedulability = z.enum(schedulabilities);
export type Schedulability = z.infer<typeof Schedulability>;
