import type { AccessControl, Actor } from '../kernel.ts';

/** Which projects' events somebody may read; what belongs to no project is for everybody who may read any. */
export type Visibility = { readonly all: boolean; readonly projects: ReadonlySet<string> };

export function eventVisibility(access: AccessControl, actor: Actor): Visibility {
  const projects = access.projectsWith(actor, 'events.read');
  return projects === 'all'
    ? { all: true, projects: new Set() }
    : { all: false, projects: new Set(projects) };
}

export function sees(visibility: Visibility, projectId: string | null): boolean {
  return visibility.all || projectId === null || visibility.projects.has(projectId);
}

/** Whether there is anything at all that may be read. */
export function seesAnything(visibility: Visibility): boolean {
  return visibility.all || visibility.projects.size > 0;
}
