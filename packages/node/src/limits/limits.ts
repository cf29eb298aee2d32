import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupLayout, Controller } from './cgroup-layout.ts';
import { parseCgroupLayout } from './cgroup-layout.ts';
import {
  type ControlGroup,
  type GroupPlace,
  joinFiles,
  makeGroupFolder,
  removeGroup,
  write,
} from './control-group.ts';
import { delegate } from './delegation.ts';
import { type LimitRequest, limitSettings } from './limit-settings.ts';

/** What this machine lets us limit. Each has been tried, not concluded from a version. */
export interface LimitsCapability {
  readonly memory: boolean;
  readonly cpu: boolean;
  readonly pids: boolean;
  readonly freezer: boolean;
  /** Why something is missing, for the log and for `backlot doctor`. */
  readonly notes: readonly string[];
}

/** Makes control groups for allocations where the machine allows it, and cleans up after them. */
export interface Limits {
  readonly capability: LimitsCapability;
  /** Makes the group and sets its limits. What can't be limited here is left out of the group. */
  create(name: string, request: LimitRequest): ControlGroup;
  /** Groups below ours that exist now, from whichever process made them. */
  existing(): ControlGroup[];
  /** Removes our parent groups if they are empty. */
  close(): void;
}

type Feature = 'memory' | 'cpu' | 'cpuTime' | 'pids' | 'freezer';
/** Where the groups of each feature are made. */
type Parents = Partial<Record<Feature, GroupPlace>>;

export interface LimitsOptions {
  /** Names the node among others on the same machine; part of the folders' names. Letters, digits, `-`. */
  readonly owner: string;
  readonly layout?: CgroupLayout;
}

/**
 * Finds out which limits work on this machine by making a group and setting them, and opens them for use. A machine
 * without any gives limits that limit nothing and say so.
 */
export function openLimits(options: LimitsOptions): Limits {
  const layout = options.layout ?? readLayout();
  const notes: string[] = [];
  const parents = layout ? findParents(layout, `backlot-${options.owner}`, notes) : {};
  if (!layout) notes.push('This system has no control groups.');
  const proven = prove(parents, notes);
  return {
    capability: {
      memory: proven.memory !== undefined,
      cpu: proven.cpu !== undefined,
      pids: proven.pids !== undefined,
      freezer: proven.freezer !== undefined,
      notes,
    },
    create: (name, request) => createGroup(proven, name, request),
    existing: () => existingGroups(proven),
    close: () => void removeGroup({ name: '', ...proven }),
  };
}

function readLayout(): CgroupLayout | undefined {
  try {
    return parseCgroupLayout(
      readFileSync('/proc/self/mountinfo', 'utf8'),
      readFileSync('/proc/self/cgroup', 'utf8'),
    );
  } catch {
    return undefined;
  }
}

/**
 * A controller belongs to one hierarchy only, so for each one version is right. The freezer is part of version 2
 * itself: on hybrid machines it works there as well, and there alone a frozen process can be killed.
 */
function findParents(layout: CgroupLayout, folder: string, notes: string[]): Parents {
  const parents: Parents = {};
  const version1 = (feature: Feature, controller: Controller) => {
    const own = layout.v1[controller];
    const path = own && makeFolder(own, folder, notes);
    if (path) parents[feature] = { version: 1, path };
  };
  version1('memory', 'memory');
  version1('cpu', 'cpu');
  version1('cpuTime', 'cpuacct');
  version1('pids', 'pids');

  const wanted = ['memory', 'cpu', 'pids'] as const;
  const unified = layout.unified && delegate({ ...layout.unified, folder, wanted, notes });
  if (unified) {
    const place: GroupPlace = { version: 2, path: unified.path };
    for (const feature of wanted) if (unified.controllers.includes(feature)) parents[feature] = place;
    if (unified.controllers.includes('cpu')) parents.cpuTime = place;
    if (existsSync(join(unified.path, 'cgroup.freeze'))) parents.freezer = place;
  }
  if (!parents.freezer) version1('freezer', 'freezer');
  return parents;
}

function makeFolder(own: string, folder: string, notes: string[]): string | undefined {
  const path = join(own, folder);
  try {
    accessSync(own, constants.W_OK);
    makeGroupFolder(path);
    return path;
  } catch (error) {
    notes.push(`${own} can’t be written: ${(error as Error).message}`);
    return undefined;
  }
}

/** Makes a group with each limit, has a process join it, and keeps the features with which that worked. */
function prove(parents: Parents, notes: string[]): Parents {
  const name = `probe-${process.pid}`;
  const samples: Record<Feature, LimitRequest> = {
    memory: { memory: 64 * 1024 * 1024 },
    cpu: { cpu: 1, cpuWeight: 50 },
    cpuTime: {},
    pids: { pids: 32 },
    freezer: {},
  };
  const proven: Parents = {};
  for (const [feature, place] of Object.entries(parents) as [Feature, GroupPlace][]) {
    try {
      const group = createGroup({ [feature]: place }, name, samples[feature]);
      const joined = joins(group);
      removeSoon(group);
      if (!joined) throw new Error('a process can’t join a group.');
      proven[feature] = place;
    } catch (error) {
      notes.push(`${feature} can’t be limited in ${place.path}: ${(error as Error).message}`);
    }
  }
  return proven;
}

/** Whether a child of this process can join a group, as allocations do. It takes two milliseconds. */
function joins(group: ControlGroup): boolean {
  const script = 'for file do echo 0 > "$file" || exit 1; done';
  const options = { stdio: 'ignore', timeout: 5_000 } as const;
  return spawnSync('/bin/sh', ['-c', script, 'sh', ...joinFiles(group)], options).status === 0;
}

/** The last process leaves its group a moment after it has ended. */
function removeSoon(group: ControlGroup): void {
  const nothing = new Int32Array(new SharedArrayBuffer(4));
  for (let tries = 0; !removeGroup(group) && tries < 50; tries += 1) Atomics.wait(nothing, 0, 0, 1);
}

function createGroup(parents: Parents, name: string, request: LimitRequest): ControlGroup {
  const places = Object.entries(parents).map(([feature, parent]) => [
    feature,
    { version: parent.version, path: join(parent.path, name) },
  ]);
  const group: ControlGroup = { name, ...Object.fromEntries(places) };
  try {
    for (const [, place] of places as [string, GroupPlace][]) makeGroupFolder(place.path);
    for (const { file, value, optional } of limitSettings(group, request)) {
      if (!write(file, value) && !optional)
        throw new Error(`The kernel did not take "${value}" for ${file}.`);
    }
  } catch (error) {
    removeGroup(group);
    throw error;
  }
  return group;
}

function existingGroups(parents: Parents): ControlGroup[] {
  const names = new Set<string>();
  for (const { path } of Object.values(parents)) {
    try {
      for (const entry of readdirSync(path, { withFileTypes: true }))
        if (entry.isDirectory()) names.add(entry.name);
    } catch {
      // The parent has been removed by somebody; then nothing of ours is left there.
    }
  }
  return [...names].map((name) => {
    const places = Object.entries(parents)
      .map(
        ([feature, parent]) => [feature, { version: parent.version, path: join(parent.path, name) }] as const,
      )
      .filter(([, place]) => existsSync(place.path));
    return { name, ...Object.fromEntries(places) };
  });
}
