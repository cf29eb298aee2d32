import { useSession } from '@backlot/console/workload';
import type { Project } from '@backlot/contract/api/access';

/** Where new work goes: the chosen project, or the only one there is. */
export function useTargetProject(): Project | undefined {
  const { project, projects } = useSession();
  return project ?? (projects.length === 1 ? projects[0] : undefined);
}
