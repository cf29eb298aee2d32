import { type Capability, compareVersions } from '@backlot/contract';
import { TaskFailure } from '@backlot/node/workload';
import { renderFailure } from '../contract.ts';
import { BLENDER } from './blender/probe.ts';

/** The newest Blender of this node that has all of these features. */
export function blenderWith(capabilities: readonly Capability[], features: readonly string[]): string {
  const fitting = capabilities
    .filter((capability) => capability.name === BLENDER)
    .filter((capability) => features.every((feature) => capability.features.includes(feature)))
    .sort((a, b) => compareVersions(b.version ?? '0', a.version ?? '0'));
  const path = fitting[0]?.details.path;
  if (typeof path === 'string') return path;
  const needs = `${BLENDER} {${features.join(', ')}}`;
  throw new TaskFailure(
    renderFailure(
      'capability',
      'renders.capability',
      { needs, detail: 'it is not installed' },
      { cause: needs },
    ),
  );
}
