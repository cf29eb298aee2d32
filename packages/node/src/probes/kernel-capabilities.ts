import type { Capability } from '@backlot/contract/capability';
import type { Clock } from '@backlot/contract/clock';
import type { Gpus } from '../inventory/inventory.ts';
import type { Limits } from '../limits/limits.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';

/** What the kernel itself has found out about a machine, as capabilities: sandbox, limits, GPUs. */
export function kernelCapabilities(
  machine: { readonly sandbox: Sandbox; readonly limits: Limits },
  { gpus, driverVersion }: Gpus,
  clock: Clock,
): Capability[] {
  const provedAt = new Date(clock.now()).toISOString();
  const { notes, ...limited } = machine.limits.capability;
  const features = Object.entries(limited).flatMap(([name, works]) => (works ? [name] : []));
  const found: Capability[] = [];
  if (machine.sandbox.capability) found.push(machine.sandbox.capability);
  if (features.length > 0) {
    const proof = 'made a control group and set each of its limits';
    found.push({ name: 'limits', features, details: { notes }, proof, provedAt });
  }
  if (gpus.length > 0) {
    found.push({
      name: 'gpu',
      ...(driverVersion === undefined ? {} : { version: driverVersion }),
      features: ['nvidia'],
      details: { names: gpus.map(({ name }) => name) },
      proof: 'the driver lists them',
      provedAt,
    });
  }
  return found;
}
