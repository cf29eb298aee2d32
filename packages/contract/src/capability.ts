import { z } from 'zod';

/** Something that a node has proved it can do, for example Blender 3.4.1 with the features cycles-cpu and gltf. */
export const Capability = z.object({
  name: z.string().regex(/^[a-z][a-z0-9-]*$/),
  version: z.string().optional(),
  features: z.array(z.string()).default([]),
  /** Anything a page or an executor wants to know: the path of the binary, build options. No secrets. */
  details: z.record(z.string(), z.unknown()).default({}),
  /** What the machine has to give because of it, beyond what any machine has; summed into the node's capacity. */
  provides: z.object({ packets: z.number().int().nonnegative().optional() }).optional(),
  /** How it was proved, in a few words: "imported a 1 kB sample of each format". */
  proof: z.string(),
  provedAt: z.iso.datetime(),
});
export type Capability = z.infer<typeof Capability>;

/** What a task needs of a node: all named features of the named capability. */
export const CapabilityQuery = z.object({
  name: z.string(),
  features: z.array(z.string()).default([]),
  /** Oldest version that will do, compared number by number: `3.4`, `4.2.1`. */
  minVersion: z.string().optional(),
});
export type CapabilityQuery = z.infer<typeof CapabilityQuery>;

/** Compares dotted versions number by number; what isn't a number counts as 0. */
export function compareVersions(a: string, b: string): number {
  const left = a.split('.').map((part) => Number.parseInt(part, 10) || 0);
  const right = b.split('.').map((part) => Number.parseInt(part, 10) || 0);
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  return 0;
}

/** What keeps these capabilities from satisfying the query; nothing when they do. */
export function missingFrom(capabilities: readonly Capability[], query: CapabilityQuery): string | undefined {
  const named = capabilities.filter((capability) => capability.name === query.name);
  if (named.length === 0) return query.name;
  const recent = named.filter(
    (c) => !query.minVersion || compareVersions(c.version ?? '0', query.minVersion) >= 0,
  );
  if (recent.length === 0) return `${query.name} >= ${query.minVersion}`;
  const lacking = recent
    .map((capability) => query.features.filter((feature) => !capability.features.includes(feature)))
    .sort((a, b) => a.length - b.length)[0];
  if (!lacking || lacking.length === 0) return undefined;
  return `${query.name} {${lacking.join(', ')}}`;
}
