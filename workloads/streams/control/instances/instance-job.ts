import { Constraints, Resources, type TaskDraftInput } from '@backlot/contract';
import type { JobKind } from '@backlot/control/workload';
import { z } from 'zod';
import {
  type AppRecipe,
  DEMO_PROGRAM,
  INSTANCE_TASK,
  InstanceParameters,
  type LaunchTemplate,
  type Platform,
  platforms,
  STREAMS_CAPABILITY,
} from '../../contract.ts';

const Parameters = z.object({
  instance: InstanceParameters.omit({ secrets: true }),
  resources: Resources,
  constraints: Constraints,
  stopGraceMs: z.number().int().nonnegative(),
  secrets: InstanceParameters.shape.secrets,
});
export type InstanceJobParameters = z.input<typeof Parameters>;

/** One job for each instance, with one task that runs until it is stopped. Created anew rather than retried. */
export const instanceJob: JobKind<z.output<typeof Parameters>> = {
  parameters: Parameters,
  internal: true,
  plan: ({ parameters: { instance, resources, constraints, stopGraceMs, secrets } }) => [
    {
      key: 'instance',
      kind: INSTANCE_TASK,
      class: 'interactive',
      parameters: { ...instance, secrets },
      resources,
      constraints,
      retry: { maxAttempts: 1 },
      limits: { stopGraceMs },
      weight: 0,
    } satisfies TaskDraftInput,
  ],
};

/** Platforms that a recipe can run on. */
export function platformsOf(recipe: Pick<AppRecipe, 'platforms'>): Platform[] {
  return platforms.filter((platform) => recipe.platforms[platform] !== null);
}

/**
 * What is started, as everybody may read it in a job, and the environments beside it, which only the node gets. The
 * names are left out as well; they are in the version. Pure.
 */
export function launchOf({ launch, platforms }: Pick<AppRecipe, 'launch' | 'platforms'>) {
  const platformEnv: Partial<Record<Platform, LaunchTemplate['env']>> = {};
  const bare: AppRecipe['platforms'] = {};
  for (const [platform, own] of Object.entries(platforms) as [Platform, LaunchTemplate | null][]) {
    bare[platform] = own && { ...own, env: {} };
    if (own) platformEnv[platform] = own.env;
  }
  return {
    launch: { ...launch, env: {} },
    platforms: bare,
    secrets: { env: launch.env, platformEnv },
  };
}

/** What an instance of a recipe asks of a node. Pure. */
export function demandOf(
  appId: string,
  recipe: AppRecipe,
): Pick<InstanceJobParameters, 'resources' | 'constraints' | 'stopGraceMs'> {
  const { cpu, memory, gpu, perNode, perGpu } = recipe.resources;
  const possible = platformsOf(recipe);
  const argvs = [recipe.launch, ...Object.values(recipe.platforms)].map((launch) => launch?.argv[0]);
  const ownPeer = recipe.reset.kind === 'message' || argvs.includes(DEMO_PROGRAM);
  return {
    resources: {
      cpu,
      memory,
      gpus: gpu ? [gpu] : [],
      ...(perNode === null && perGpu === null ? {} : { slot: { key: `streams:${appId}`, perNode, perGpu } }),
    },
    constraints: {
      ...(recipe.placement.pool === undefined ? {} : { pool: recipe.placement.pool }),
      labels: recipe.placement.labels,
      capabilities: [
        {
          name: STREAMS_CAPABILITY,
          // Two of three platforms can't be asked for; a node of the third says so, and another one is tried.
          features: [
            ...(possible.length === 1 && possible[0] ? [possible[0]] : []),
            ...(ownPeer ? ['webrtc'] : []),
          ],
        },
      ],
    },
    stopGraceMs: Math.round(recipe.stopGraceSeconds * 1_000),
  };
}
