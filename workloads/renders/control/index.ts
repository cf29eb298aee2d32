import type { ControlWorkload } from '@backlot/control/workload';
import {
  AssembleParameters,
  AssembleResult,
  FramesParameters,
  FramesResult,
  ImportParameters,
  ImportResult,
  RENDER_JOB,
  renderPhrases,
  taskKinds,
} from '../contract.ts';
import { describeModels } from './describe-models.ts';
import { renderDoneTrigger } from './flows/render-done.ts';
import { renderJob } from './jobs/render-job.ts';
import { migrations } from './migrations.ts';
import { artifactGuard } from './models/artifact-guard.ts';
import { modelRoutes } from './models/routes.ts';
import { legacyStatusRoute } from './renders/legacy-status.ts';
import { renderRoutes } from './renders/routes.ts';

/** What renders bring to the control plane: a job kind, a model library, and their routes. */
export const rendersControl: ControlWorkload = {
  name: 'renders',
  migrations,
  permissions: {
    'renders.models.read': { role: 'viewer' },
    'renders.models.write': { role: 'submitter' },
    'renders.models.manage': { role: 'operator' },
  },
  phrases: renderPhrases,
  taskKinds: {
    [taskKinds.import]: { parameters: ImportParameters, result: ImportResult },
    [taskKinds.frames]: { parameters: FramesParameters, result: FramesResult },
    [taskKinds.assemble]: { parameters: AssembleParameters, result: AssembleResult },
  },
  jobKinds: { [RENDER_JOB]: renderJob },
  reactions: [describeModels],
  triggers: [renderDoneTrigger],
  artifactGuard,
  routes(app, kernel) {
    modelRoutes(app, kernel);
    renderRoutes(app, kernel);
    legacyStatusRoute(app, kernel);
  },
  async live(kernel) {
    const row = await kernel.db
      .selectFrom('job')
      .select((query) => query.fn.countAll<string>().as('open'))
      .where('kind', '=', RENDER_JOB)
      .where('ended_at', 'is', null)
      .executeTakeFirst();
    return Number(row?.open ?? 0);
  },
};
