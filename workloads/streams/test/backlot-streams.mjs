#!/usr/bin/env node
import { fileURLToPath } from 'node:url';
import { main } from '@backlot/cli/main';
import { streams } from '../index.ts';

/** The product with streams alone: what tests of the command line start. */
await main({ process, workloads: [streams], entry: fileURLToPath(import.meta.url) });
