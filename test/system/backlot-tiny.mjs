#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { main } from '../../packages/cli/src/main.ts';

/** The product with the tiny workload in place of its own: what system and chaos tests start. */
const tiny = {
  name: 'tiny',
  control: async () => (await import('../../packages/testkit/src/tiny/control.ts')).tinyControl,
  node: async () => (await import('../../packages/testkit/src/tiny/node.ts')).tinyNode,
  commands: async () => [],
  phrases: async () => (await import('../../packages/testkit/src/tiny/contract.ts')).tinyPhrases,
};

await main({ process, workloads: [tiny], entry: fileURLToPath(import.meta.url) });
