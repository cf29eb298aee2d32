import { useSession } from '@backlot/console/workload';
import type { Project } from '@backlot/contract/api/access';

/** Where new work goes: the chosen project, else the first in which one may submit. It can be changed on the way. */
export function useTargetProject(): Project | undefined {
  const { project, projects, can } = useSession();
  return project ?? projects.find((one) => can('jobs.submit', one.id));
}
