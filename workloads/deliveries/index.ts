/**
 * Deliveries as `backlot` finds them: a name, and each half behind an import of its own, so that an agent never loads what
 * only the control plane needs, nor the other way round.
 */
export const deliveries = {
  name: 'deliveries',
  control: async () => (await import('./control/index.ts')).deliveriesControl,
  node: async () => (await import('./node/index.ts')).deliveriesNode,
  commands: async () => (await import('./cli/index.ts')).deliveriesCommands,
  phrases: async () => (await import('./contract/phrases.ts')).deliveryPhrases,
  errors: async () => (await import('./contract/errors.ts')).deliveryErrors,
} as const;
