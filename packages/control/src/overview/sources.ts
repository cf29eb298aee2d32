import type { Job, NodeView, Task } from '@backlot/contract';
import { type RawBuilder, sql } from 'kysely';
import type { Db, JobRow } from '../db/schema.ts';
import type { OverviewSources, Visible } from './overview.ts';

/** Enough for a page; the lists have their own pages. */
const shownNodes = 200;
const shownJobs = 50;
const shownTasks = 50;

/** How other rooms show their rows. */
export interface Viewers {
  nodes(db: Db, filter: { readonly limit: number }, visible: Visible): Promise<NodeView[]>;
  jobs(db: Db, rows: readonly JobRow[]): Promise<Job[]>;
  tasks(db: Db, where: RawBuilder<unknown>, order: 'asc' | 'desc', limit: number): Promise<Task[]>;
}

/** Picks what the overview shows, and lets the rooms show it in their way. */
export function overviewSources(db: Db, viewers: Viewers): OverviewSources {
  const jobs = async (visible: Visible, condition: RawBuilder<boolean>): Promise<Job[]> => {
    if (visible !== 'all' && visible.length === 0) return [];
    let rows = db.selectFrom('job').selectAll().where(condition).orderBy('id', 'desc').limit(shownJobs);
    if (visible !== 'all') rows = rows.where('project_id', 'in', visible);
    return await viewers.jobs(db, await rows.execute());
  };
  return {
    nodes: (visible) => viewers.nodes(db, { limit: shownNodes }, visible),
    runningJobs: (visible) => jobs(visible, sql<boolean>`ended_at IS NULL`),
    failedJobs: (visible) =>
      jobs(visible, sql<boolean>`state = 'failed' AND ended_at > now() - interval '1 day'`),

    async waitingTasks(visible) {
      if (visible !== 'all' && visible.length === 0) return [];
      // By id from the hot table alone: what waits is never in the history, which is large.
      let rows = db
        .selectFrom('task')
        .select('id')
        .where('state', 'in', ['queued', 'held', 'retry_wait'])
        .orderBy('id')
        .limit(shownTasks);
      if (visible !== 'all') rows = rows.where('project_id', 'in', visible);
      const ids = (await rows.execute()).map((row) => row.id);
      if (ids.length === 0) return [];
      return await viewers.tasks(db, sql`t.id IN (${sql.join(ids)})`, 'asc', shownTasks);
    },
  };
}
