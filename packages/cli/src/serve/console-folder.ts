import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The folder of the built console: from a checkout and in a release it lies in the same place beside us. */
export function consoleFolder(): string | undefined {
  const folder = fileURLToPath(new URL('../../../console/dist', import.meta.url));
  return existsSync(folder) ? folder : undefined;
}
