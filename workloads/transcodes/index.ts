/**
 * Transcodes as `backlot` finds them: a name, and each half behind an import of its own. They have no pages: the page
 * of a job shows one like any other.
 */
export const transcodes = {
  name: 'transcodes',
  control: async () => (await import('./control/index.ts')).transcodesControl,
  node: async () => (await import('./node/index.ts')).transcodesNode,
  commands: async () => (await import('./cli/index.ts')).transcodesCommands,
  phrases: async () => (await import('./contract/phrases.ts')).transcodePhrases,
} as const;
