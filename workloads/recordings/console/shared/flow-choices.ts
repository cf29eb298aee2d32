import { listQuery } from '@backlot/console/workload';
import { z } from 'zod';

/** As much of a flow as a choice shows. */
const FlowChoice = z.looseObject({ id: z.string(), name: z.string() });

export const flowChoicesQuery = (projectId: string | undefined) =>
  listQuery('/api/v1/flows', FlowChoice, { projectId }, ['flow']);
