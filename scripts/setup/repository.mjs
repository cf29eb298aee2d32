import { fileURLToPath } from 'node:url';

/** The folder that holds the repository's package.json. */
export const root = fileURLToPath(new URL('../..', import.meta.url));
