import { homedir } from 'node:os';
import { join } from 'node:path';

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly isRoot: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export function thisMachine(env: Machine['env'] = process.env): Machine {
  return { platform: process.platform, home: homedir(), isRoot: process.getuid?.() === 0, env };
}

/**
 * Where an installation keeps everything, unless told otherwise. For root it is a folder of the system: the
 * embedded PostgreSQL runs as another user, who may not enter root's home.
 */
export function defaultDataDir(machine: Machine): string {
  const { platform, home, isRoot, env } = machine;
  if (platform === 'win32') return join(env.LOCALAPPDATA ?? join(home, 'AppData', 'Local'), 'Backlot');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Backlot');
  if (isRoot) return '/var/lib/backlot';
  return join(env.XDG_DATA_HOME ?? join(home, '.local', 'share'), 'backlot');
}

/** Folder of the configuration files and of a person's sign-ins. */
export function defaultConfigDir(machine: Machine): string {
  const { platform, home, isRoot, env } = machine;
  if (platform === 'win32') return join(env.APPDATA ?? join(home, 'AppData', 'Roaming'), 'Backlot');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Backlot');
  if (isRoot) return '/etc/backlot';
  return join(env.XDG_CONFIG_HOME ?? join(home, '.config'), 'backlot');
}
