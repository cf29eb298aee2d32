import type { Platform } from '../contract.ts';

/** This machine's platform under the name that people use; nothing where we have no name for it. */
export function platformOf(platform: NodeJS.Platform): Platform | undefined {
  switch (platform) {
    case 'linux':
      return 'linux';
    case 'win32':
      return 'windows';
    case 'darwin':
      return 'macos';
    default:
      return undefined;
  }
}
