/**
 * Rooms as `backlot` finds them: a name, and each half behind an import of its own, so that an agent never loads what
 * only the control plane needs, nor the other way round.
 */
export const rooms = {
  name: 'rooms',
  control: async () => (await import('./control/index.ts')).roomsControl,
  node: async () => (await import('./node/index.ts')).roomsNode,
  commands: async () => (await import('./cli/index.ts')).roomsCommands,
  phrases: async () => (await import('./contract/phrases.ts')).roomPhrases,
} as const;
