/**
 * Renders as `backlot` finds it: a name, and each half behind an import of its own, so that an agent never
 * loads what only the control plane needs, nor the other way round. The console's half is imported by the
 * console's list, because it is built for browsers.
 */
export const renders = {
  name: 'renders',
  control: async () => (await import('./control/index.ts')).rendersControl,
  node: async () => (await import('./node/index.ts')).rendersNode,
  commands: async () => (await import('./cli/index.ts')).rendersCommands,
  phrases: async () => (await import('./contract/phrases.ts')).renderPhrases,
} as const;
