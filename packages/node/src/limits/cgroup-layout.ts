import { posix } from 'node:path';

/** The controllers that we use. */
export const controllers = ['memory', 'cpu', 'cpuacct', 'pids', 'freezer'] as const;
export type Controller = (typeof controllers)[number];

/** Where this process's own control groups are, as absolute directories. */
export interface CgroupLayout {
  /** Version 1: one hierarchy for each controller; also on "hybrid" machines, beside `unified`. */
  readonly v1: Readonly<Partial<Record<Controller, string>>>;
  /** Version 2: the one hierarchy. On hybrid machines it has no controllers, yet it can still freeze and kill. */
  readonly unified?: { readonly own: string; readonly mount: string };
}

/**
 * Reads `/proc/self/mountinfo` and `/proc/self/cgroup` (proc(5), cgroups(7)). A container may see only a part of a
 * hierarchy: then the mount's root is a folder of the hierarchy, and our path is shown from the hierarchy's own root.
 */
export function parseCgroupLayout(mountinfo: string, membership: string): CgroupLayout {
  const own = new Map<string, string>();
  for (const line of membership.split('\n')) {
    const match = /^(\d+):([^:]*):(.*)$/.exec(line);
    if (!match) continue;
    const [, , names = '', path = '/'] = match;
    if (names === '') own.set('unified', path);
    for (const name of names.split(',')) if (name !== '') own.set(name, path);
  }

  const v1: Partial<Record<Controller, string>> = {};
  let unified: CgroupLayout['unified'];
  for (const line of mountinfo.split('\n')) {
    const [before = '', after] = line.split(' - ');
    if (after === undefined) continue;
    const fields = before.split(' ');
    const root = unescapeOctal(fields[3] ?? '/');
    const mount = unescapeOctal(fields[4] ?? '');
    const [type, , options = ''] = after.split(' ');
    if (type === 'cgroup2' && own.has('unified')) {
      unified ??= { own: placeOf(root, mount, own.get('unified') ?? '/'), mount };
    } else if (type === 'cgroup') {
      for (const controller of controllers) {
        const path = own.get(controller);
        if (path !== undefined && options.split(',').includes(controller))
          v1[controller] ??= placeOf(root, mount, path);
      }
    }
  }
  return unified === undefined ? { v1 } : { v1, unified };
}

function placeOf(root: string, mount: string, path: string): string {
  const inside = posix.relative(root, path);
  // Our group lies outside of what is mounted: with its own cgroup namespace the mount's top is the best there is.
  return inside.startsWith('..') ? mount : posix.join(mount, inside);
}

/** Spaces, tabs, line feeds and backslashes stand as octal escapes in mountinfo. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_whole, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}
