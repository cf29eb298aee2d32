import type { Project } from '@backlot/contract/api/access';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { Id } from '@backlot/contract/id';
import { type ApiClient, collect } from '@backlot/sdk';

/** Something that people name by its id, the beginning of its id, or its name. */
export interface Named {
  readonly id: string;
  readonly name: string;
}

/** Among so many a beginning is looked for; who has more types the whole id. */
const searched = 1000;

/**
 * Finds what a person meant. A whole id costs nothing; anything else is compared with the newest thousand.
 * @throws not_found, or ambiguous_name with the ones that fit.
 */
export async function findByName<T extends Named>(
  what: string,
  typed: string,
  list: () => AsyncIterable<T>,
  get: (id: string) => Promise<T>,
): Promise<T> {
  if (Id.safeParse(typed).success) return get(typed);
  return pick(what, typed, await collect(list(), searched));
}

/** The one that was meant: by its whole name before the beginning of its id or the end that lists show. */
export function pick<T extends Named>(what: string, typed: string, candidates: readonly T[]): T {
  const named = candidates.filter((candidate) => candidate.name === typed);
  const [only, ...others] =
    named.length > 0 ? named : candidates.filter((candidate) => fits(candidate.id, typed));
  if (!only) throw new BacklotError(kernelErrors.not_found, { params: { what, id: typed } });
  if (others.length === 0) return only;
  const matches = [only, ...others].slice(0, 5).map((candidate) => `${candidate.name} (${candidate.id})`);
  throw new BacklotError(cliErrors.ambiguous_name, {
    params: { name: typed, what, matches: matches.join(', ') },
  });
}

/** UUIDv7s of one hour begin alike, so lists show the end of an id, and the end is understood as well. */
function fits(id: string, typed: string): boolean {
  return typed.length >= 4 && (id.startsWith(typed.toLowerCase()) || id.endsWith(typed.toLowerCase()));
}

/** What lists show of an id: enough to tell things apart, and to type. */
export function shortId(id: string): string {
  return id.slice(-8);
}

/**
 * The project that a command is about: the one that was named, else the only one that there is.
 * @throws not_found, ambiguous_name, or project_needed when it has to be said.
 */
export async function findProject(
  api: ApiClient,
  named: string | undefined,
  signal: AbortSignal,
): Promise<Project> {
  const projects = await collect(api.access.projects(signal), searched);
  if (named !== undefined) {
    const bySlug = projects.find((project) => project.slug === named);
    return bySlug ?? pick('project', named, projects);
  }
  const [only, ...others] = projects;
  if (only && others.length === 0) return only;
  throw new BacklotError(cliErrors.project_needed, {
    params: { projects: projects.map((project) => project.slug).join(', ') },
  });
}

/** The id of a project for a filter; undefined for all of them. */
export async function projectFilter(
  api: ApiClient,
  named: string | undefined,
  signal: AbortSignal,
): Promise<string | undefined> {
  return named === undefined ? undefined : (await findProject(api, named, signal)).id;
}
