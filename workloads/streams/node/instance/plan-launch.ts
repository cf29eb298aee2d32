import type { Offer } from '@backlot/contract';
import type { InstanceParameters, LaunchTemplate, Platform } from '../../contract.ts';
import { fillTemplate, type LaunchValues } from './variables.ts';

/** The address that an instance's streamer connects to. */
export const signallingUrlOf = ({ signallingBase, secrets }: InstanceParameters): string =>
  `${signallingBase.replace(/\/+$/, '')}/${secrets.ticket}`;

/** What stands for the variables of a launch. `gpu` is empty where none was granted. */
export function launchValues(
  parameters: InstanceParameters,
  offer: Pick<Offer, 'task' | 'resources'>,
  port: number,
): LaunchValues {
  const { width, height, fps } = parameters.picture;
  return {
    signallingUrl: signallingUrlOf(parameters),
    instanceId: parameters.instanceId,
    taskId: offer.task,
    ticket: parameters.secrets.ticket,
    gpu: offer.resources.gpus[0] === undefined ? '' : String(offer.resources.gpus[0].index),
    width: String(width),
    height: String(height),
    fps: String(fps),
    port: String(port),
  };
}

/**
 * The template for a platform: its own, or the general one where the version says nothing about it, with the
 * environment that belongs to it. Undefined where the version says that there is none.
 */
export function templateFor(
  { launch, platforms, secrets }: Pick<InstanceParameters, 'launch' | 'platforms' | 'secrets'>,
  platform: Platform | undefined,
): LaunchTemplate | undefined {
  const own = platform === undefined ? undefined : platforms[platform];
  if (own === null) return undefined;
  if (own === undefined || platform === undefined) return withEnv(launch, secrets.env);
  return withEnv(own, secrets.platformEnv[platform]);
}

const withEnv = (template: LaunchTemplate, env: LaunchTemplate['env'] | undefined): LaunchTemplate => ({
  ...template,
  env: { ...template.env, ...env },
});

/** The launch for this platform with everything put in; undefined where the version has none for it. Pure. */
export function planLaunch(
  parameters: InstanceParameters,
  platform: Platform | undefined,
  values: LaunchValues,
): LaunchTemplate | undefined {
  const template = templateFor(parameters, platform);
  return template && fillTemplate(template, values);
}
