import { fileValueOf } from '@backlot/contract';
import { type TriggerKind, toArtifact } from '@backlot/control/workload';
import { RENDER_JOB, type RenderDoneFilter, renderDone, renderFired, wantsRender } from '../../contract.ts';

/** Frames of the longest render that flows are given; a step with more inputs would not be placed either. */
const mostFiles = 10_000;

/** `renders.render-done`, by the end of the render's job. */
export const renderDoneTrigger: TriggerKind<RenderDoneFilter> = {
  ...renderDone,
  events: ['job.ended'],
  async fire(event, kernel) {
    if (event.body.kind !== RENDER_JOB || event.body.state !== 'succeeded') return null;
    const rows = await kernel.db
      .selectFrom('artifact')
      .selectAll()
      .where('job_id', '=', event.subject.id)
      .where('deleted_at', 'is', null)
      .orderBy('id')
      .limit(mostFiles)
      .execute();
    // The job may be gone by the time its end is told: then there is nothing to go on with.
    if (event.projectId === null || rows.length === 0) return null;
    const files = rows
      .map(toArtifact)
      .map((one) => fileValueOf(one, { artifactId: one.id, holders: one.holders }));
    const name = typeof event.body.name === 'string' ? event.body.name : '';
    return renderFired({ id: event.subject.id, projectId: event.projectId, name }, event.id, files);
  },
  matches: wantsRender,
};
