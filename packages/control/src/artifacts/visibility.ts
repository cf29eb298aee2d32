import type { Artifact } from '@backlot/contract';
import type { Actor, Kernel } from '../kernel.ts';
import type { ArtifactGuard } from '../workload.ts';

/** What the guards of workloads leave of artifacts, for one actor. */
export interface ArtifactVisibility {
  /**
   * Those of the artifacts that the actor may see, in their order. Rights in their projects are not looked at here:
   * a guard only takes away from what those give.
   */
  visibleTo<One extends Artifact>(actor: Actor, artifacts: readonly One[]): Promise<One[]>;
}

/**
 * Asks the guards of all workloads about a set of artifacts at once. What one of them hides is hidden; a guard that
 * fails fails the request, so that nothing is shown by accident.
 */
export function createVisibility(guards: readonly ArtifactGuard[], kernel: () => Kernel): ArtifactVisibility {
  return {
    async visibleTo(actor, artifacts) {
      // The kernel's own work (sweeps, follow-ups) is nobody's view of anything.
      if (guards.length === 0 || artifacts.length === 0 || actor.kind === 'system') return [...artifacts];
      const hidden = await Promise.all(guards.map((guard) => guard(kernel(), actor, artifacts)));
      return artifacts.filter(({ id }) => !hidden.some((ids) => ids.has(id)));
    },
  };
}
