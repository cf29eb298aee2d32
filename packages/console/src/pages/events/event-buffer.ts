import type { Event } from '@backlot/contract/api/events';

/** What a list of events is narrowed to; empty fields narrow nothing. */
export interface EventFilter {
  readonly projectId?: string | undefined;
  /** A kind, or the beginning of one: `job.` or `job`. */
  readonly kind?: string | undefined;
  readonly subjectKind?: string | undefined;
  readonly subjectId?: string | undefined;
}

export function matchesFilter(event: Event, filter: EventFilter): boolean {
  if (filter.projectId && event.projectId !== filter.projectId) return false;
  if (
    filter.kind &&
    event.kind !== filter.kind &&
    !event.kind.startsWith(`${filter.kind.replace(/\.?\*?$/, '')}.`)
  ) {
    return false;
  }
  if (filter.subjectKind && event.subject.kind !== filter.subjectKind) return false;
  return !filter.subjectId || event.subject.id === filter.subjectId;
}

/** Events a page keeps in memory; the API has all of them. */
const keep = 2_000;

/** New events before those that are shown, each once, newest first. */
export function mergeEvents(fresh: readonly Event[], shown: readonly Event[]): Event[] {
  const seen = new Set<number>();
  return [...fresh, ...shown]
    .sort((a, b) => b.seq - a.seq)
    .filter((event) => !seen.has(event.seq) && seen.add(event.seq))
    .slice(0, keep);
}
