import { type Artifact, type ArtifactQuery, Id } from '@backlot/contract';
import { z } from 'zod';
import type { Db } from '../db/schema.ts';
import { decodeCursor, encodeCursor, page } from '../http/paging.ts';
import type { AccessControl, Actor } from '../kernel.ts';
import { toArtifact } from './artifact-row.ts';
import type { ArtifactVisibility } from './visibility.ts';

const Cursor = z.object({ id: Id });
/** Once a page was not filled at the first look, hidden ones are passed over in steps of this size. */
const STEP = 500;
/** Looks for one page: what one request may cost when a project hides nearly everything. */
const MOST_LOOKS = 10;

export interface ListDependencies {
  readonly db: Db;
  readonly access: Pick<AccessControl, 'projectsWith'>;
  readonly visibility: ArtifactVisibility;
}

/**
 * Artifacts that the actor may see, newest first. Hidden ones are passed over, so that pages are full as long as there
 * are more; a page that is short all the same has `next`, which goes on where the looking has ended.
 * @throws invalid_cursor
 */
export async function listArtifacts(
  { db, access, visibility }: ListDependencies,
  query: z.output<typeof ArtifactQuery>,
  actor: Actor,
): Promise<{ items: Artifact[]; next?: string }> {
  const { limit } = query;
  const projects = access.projectsWith(actor, 'artifacts.read');
  const read = async (after: string | undefined, count: number): Promise<Artifact[]> => {
    const rows = await db
      .selectFrom('artifact')
      .selectAll()
      .where('deleted_at', 'is', null)
      .$if(projects !== 'all', (q) =>
        q.where((where) =>
          where('project_id', '=', where.fn.any(where.val([...(projects as readonly string[])]))),
        ),
      )
      .$if(query.projectId !== undefined, (q) => q.where('project_id', '=', query.projectId ?? ''))
      .$if(query.jobId !== undefined, (q) => q.where('job_id', '=', query.jobId ?? ''))
      .$if(query.taskId !== undefined, (q) => q.where('task_id', '=', query.taskId ?? ''))
      .$if(query.kind !== undefined, (q) => q.where('kind', '=', query.kind ?? ''))
      .$if(after !== undefined, (q) => q.where('id', '<', after ?? ''))
      .orderBy('id', 'desc')
      .limit(count)
      .execute();
    return rows.map(toArtifact);
  };

  let after = decodeCursor(query.cursor, Cursor)?.id;
  let count = limit + 1;
  const found: Artifact[] = [];
  for (let looks = 0; looks < MOST_LOOKS; looks += 1) {
    const artifacts = await read(after, count);
    found.push(...(await visibility.visibleTo(actor, artifacts)));
    if (found.length > limit || artifacts.length < count)
      return page(
        found,
        limit,
        ({ id }) => ({ id }),
        (artifact) => artifact,
      );
    after = artifacts.at(-1)?.id;
    count = STEP;
  }
  return { items: found, ...(after === undefined ? {} : { next: encodeCursor({ id: after }) }) };
}
