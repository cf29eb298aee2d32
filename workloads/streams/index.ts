/**
 * Streams as `backlot` finds it: a name, and each half behind an import of its own, so that an agent never loads what
 * only the control plane needs, nor the other way round.
 */
export const streams = {
  name: 'streams',
  control: async () => (await import('./control/index.ts')).streamsControl,
  node: async () => (await import('./node/index.ts')).streamsNode,
  commands: async () => (await import('./cli/index.ts')).streamsCommands,
  phrases: async () => (await import('./contract/phrases.ts')).streamPhrases,
} as const;
