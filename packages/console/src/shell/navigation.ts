import {
  IconActivity,
  IconArrowsSplit2,
  IconLayoutDashboard,
  IconListCheck,
  IconServer2,
  IconSettings,
  IconUsers,
} from '@tabler/icons-react';
import type { ComponentType } from 'react';
import type { ConsoleWorkload } from '../workload.ts';

export interface RailEntry {
  readonly key: string;
  readonly order: number;
  readonly path: string;
  readonly label: string;
  readonly icon: ComponentType<{ size?: number; 'aria-hidden'?: 'true' }>;
  /** The workload whose live count stands beside it. */
  readonly workload?: string;
  /** Hidden from whoever may not see its page. */
  readonly permission?: string;
}

/** A text of the shell, or of a workload under its name. */
export type Label = (workload: string | undefined, key: string) => string;

const own = [
  { key: 'overview', order: 0, path: '/', icon: IconLayoutDashboard },
  { key: 'flows', order: 60, path: '/flows', icon: IconArrowsSplit2, permission: 'flows.read' },
  { key: 'nodes', order: 70, path: '/nodes', icon: IconServer2, permission: 'nodes.read' },
  { key: 'jobs', order: 80, path: '/jobs', icon: IconListCheck, permission: 'jobs.read' },
  { key: 'events', order: 90, path: '/events', icon: IconActivity, permission: 'events.read' },
  { key: 'access', order: 100, path: '/access', icon: IconUsers },
  { key: 'settings', order: 110, path: '/settings', icon: IconSettings },
] as const;

/**
 * The entries of the rail, in the order of the product's design: the kinds of work stand between the overview
 * and the nodes. A workload that is not built in has no entry.
 */
export function railEntries(
  workloads: readonly ConsoleWorkload[],
  label: Label,
  can: (permission: string) => boolean,
): RailEntry[] {
  const kernel: RailEntry[] = own.map((entry) => ({
    ...entry,
    label: label(undefined, `rail.${entry.key}`),
  }));
  const contributed = workloads.flatMap(({ name, rail }): RailEntry[] => {
    if (!rail) return [];
    // Their orders count from the design's list of entries, which starts at 0 with the overview.
    const order = Math.min(69, 1 + rail.order);
    const path = rail.path.startsWith('/') ? rail.path : `/${rail.path}`;
    return [{ key: name, order, path, label: label(name, rail.label), icon: rail.icon, workload: name }];
  });
  return [...kernel, ...contributed]
    .filter((entry) => entry.permission === undefined || can(entry.permission))
    .sort((a, b) => a.order - b.order);
}

/** The entry that an address belongs to. */
export function activeEntry(entries: readonly RailEntry[], pathname: string): RailEntry | undefined {
  return entries
    .filter(
      (entry) => pathname === entry.path || (entry.path !== '/' && pathname.startsWith(`${entry.path}/`)),
    )
    .sort((a, b) => b.path.length - a.path.length)[0];
}
