import { readFileSync, rmdirSync } from 'node:fs';
import { join, posix } from 'node:path';
import { makeGroupFolder, write } from './control-group.ts';

export interface DelegationOptions {
  /** The group that this process is in: an absolute folder of the version 2 hierarchy. */
  readonly own: string;
  /** Where the hierarchy is mounted; nothing above it can be reached. */
  readonly mount: string;
  /** Name of the folder to make. */
  readonly folder: string;
  /** Controllers to pass on to it, as far as the machine has them. */
  readonly wanted: readonly string[];
  /** Told why something did not work. */
  readonly notes: string[];
}

/** A folder in which groups with these controllers can be made. */
export interface Delegation {
  readonly path: string;
  readonly controllers: readonly string[];
}

/** The leaf that this process moves into when it is alone in its group. */
const leaf = 'backlot-agent';

/**
 * Makes a folder in the version 2 hierarchy and passes it controllers. A group that has processes can't pass on any
 * (cgroups(7), "no internal processes"), and ours has: a service's other processes, a session's shell. So the nearest
 * group above that can is taken. systemd's slices hold no processes and have passed their controllers on already, so that is
 * found at once: `system.slice` for a service, `user-0.slice` for a root's session. An agent that is alone in a group that
 * was given to it (`Delegate=yes`) stays in it, in a leaf of its own.
 */
export function delegate(options: DelegationOptions): Delegation | undefined {
  const { own, mount, wanted, notes } = options;
  const available = listed(mount, 'cgroup.controllers').filter((name) => wanted.includes(name));
  let best: Delegation | undefined;
  for (const group of upwards(own, mount)) {
    const found = tryIn(group, group === own, available, options);
    if (!found) continue;
    if (best && found.controllers.length <= best.controllers.length) {
      remove(found.path);
      continue;
    }
    if (best) remove(best.path);
    best = found;
    if (best.controllers.length === available.length) break;
  }
  const lacking = available.filter((name) => !best?.controllers.includes(name));
  if (lacking.length > 0) {
    notes.push(
      `${lacking.join(', ')}: no group above ${own} passes it on; run the agent as a service with Delegate=yes.`,
    );
  }
  return best;
}

/** A group and all those above it, up to the mount. */
export function upwards(own: string, mount: string): string[] {
  const groups = [own];
  for (let group = own; group !== mount && group.startsWith(mount); ) {
    group = posix.dirname(group);
    if (group.startsWith(mount)) groups.push(group);
  }
  return groups;
}

function tryIn(
  group: string,
  isOwn: boolean,
  available: readonly string[],
  { folder, notes }: DelegationOptions,
): Delegation | undefined {
  const path = join(group, folder);
  try {
    makeGroupFolder(path);
  } catch (error) {
    notes.push(`${group}: ${(error as Error).message}`);
    return undefined;
  }
  if (isOwn && isAlone(group)) {
    makeGroupFolder(join(group, leaf));
    write(join(group, leaf, 'cgroup.procs'), String(process.pid));
  }
  const passed = new Set(listed(group, 'cgroup.subtree_control'));
  for (const name of available)
    if (!passed.has(name)) write(join(group, 'cgroup.subtree_control'), `+${name}`);
  const controllers = listed(path, 'cgroup.controllers').filter((name) => available.includes(name));
  return {
    path,
    controllers: controllers.filter((name) => write(join(path, 'cgroup.subtree_control'), `+${name}`)),
  };
}

/** Whether nobody but this process is in a group. The top of the hierarchy is nobody's. */
function isAlone(group: string): boolean {
  const pids = listed(group, 'cgroup.procs');
  return pids.length === 1 && pids[0] === String(process.pid) && listed(group, 'cgroup.type').length > 0;
}

/** The words in a control file; none when it can't be read. */
function listed(group: string, file: string): string[] {
  try {
    return readFileSync(join(group, file), 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

function remove(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // An agent before us had groups there; they are found and removed by the sweep when they are empty.
  }
}
