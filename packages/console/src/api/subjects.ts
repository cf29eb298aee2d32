import type { QueryClient } from '@tanstack/react-query';

/**
 * What a query is about, so that an event can find the queries that it makes stale: a kind (`node`) for lists,
 * or one thing (`node:<id>`). Put into a query's `meta.subjects`.
 */
export type Subject = string;

/** Whether a query about `wanted` has to be read again after something happened to `changed`. */
export function touches(wanted: readonly Subject[], changed: ReadonlySet<Subject>): boolean {
  return wanted.some((subject) => {
    if (changed.has(subject)) return true;
    // A change of a kind as a whole ("node") touches every single one of it.
    const kind = subject.split(':', 1)[0] ?? subject;
    return kind !== subject && changed.has(`${kind}:*`);
  });
}

/** The subjects that an event about one thing changes: the thing, and the lists of its kind. */
export function subjectsOf(kind: string, id: string): Subject[] {
  return [kind, `${kind}:${id}`];
}

/**
 * How far the tasks of a job are. A subject of its own, because it changes all the time: only what shows the sum of
 * them (`progress:<job>`), or such sums in a list (`progress`), is read again for it.
 */
export function progressOf(jobId: string): Subject {
  return `progress:${jobId}`;
}

/** Milliseconds between two reads for progress alone: of one job on a page, and of a list. */
export const progressPace = { job: 2_000, list: 5_000 } as const;

const isSubjects = (value: unknown): value is readonly Subject[] =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string');

/** Marks the queries about these subjects as stale; those on screen are read again at once. */
export function invalidateSubjects(client: QueryClient, changed: ReadonlySet<Subject>): Promise<void> {
  if (changed.size === 0) return Promise.resolve();
  return client.invalidateQueries({
    predicate: (query) => {
      const subjects = query.meta?.subjects;
      return isSubjects(subjects) && touches(subjects, changed);
    },
  });
}
