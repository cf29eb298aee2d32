import { DarwinProcessTable } from './darwin.ts';
import { LinuxProcessTable } from './linux.ts';
import type { ProcessTable } from './process-table.ts';
import { WindowsProcessTable } from './windows.ts';

/** The process table of the platform that this runs on. Other Unixes are treated like macOS: they have `ps`. */
export function systemProcessTable(platform: NodeJS.Platform = process.platform): ProcessTable {
  if (platform === 'linux') return new LinuxProcessTable();
  if (platform === 'win32') return new WindowsProcessTable();
  return new DarwinProcessTable();
}
