/** Recordings as `backlot` finds them: a name, and each half behind an import of its own. */
export const recordings = {
  name: 'recordings',
  control: async () => (await import('./control/index.ts')).recordingsControl,
  node: async () => (await import('./node/index.ts')).recordingsNode,
  commands: async () => (await import('./cli/index.ts')).recordingsCommands,
  phrases: async () => (await import('./contract/phrases.ts')).recordingPhrases,
} as const;
