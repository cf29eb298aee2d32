import type { FileValue, PortValue } from '../value.ts';
import { inputsOf } from './resolve.ts';
import { type FlowRunInput, runContext } from './run-context.ts';

/**
 * Digests of which this run has verified a copy, by steps that have succeeded; and of what is inside of those: the segments
 * of a film. Checked once more at the time of a deletion, whatever the flow said when it was saved.
 */
export function verifiedDigests(input: FlowRunInput): Set<string> {
  const context = runContext(input);
  const verified = new Set<string>();
  const carriers: { readonly of: readonly string[]; readonly inside: readonly string[] }[] = [];
  for (const record of input.records) {
    const node = context.graph.get(record.step);
    if (!node?.kind || record.state !== 'succeeded') continue;
    const inputs = inputsOf(context, { node, at: record.at });
    const port = node.kind.verifies;
    if (port !== undefined && Object.hasOwn(inputs, port)) {
      for (const { digest } of filesOf(inputs[port])) verified.add(digest);
    }
    for (const [from, outputs] of carriedInputs(node.kind.carries ?? {})) {
      if (node.step.in[from] === undefined) continue;
      // What is in several films is safe when all of them are: each alone holds a part.
      const made = outputs.flatMap((output) =>
        Object.hasOwn(record.ports, output) ? filesOf(record.ports[output]) : [],
      );
      if (made.length === 0) continue;
      const inside = filesOf(inputs[from]).map(({ digest }) => digest);
      carriers.push({ of: made.map(({ digest }) => digest), inside });
    }
  }
  for (let grew = true; grew; ) {
    grew = false;
    for (const { of, inside } of carriers) {
      if (!of.every((digest) => verified.has(digest))) continue;
      for (const digest of inside) {
        if (verified.has(digest)) continue;
        verified.add(digest);
        grew = true;
      }
    }
  }
  return verified;
}

/** Input ports with all outputs that carry them. */
function carriedInputs(carries: Readonly<Record<string, string>>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const [output, from] of Object.entries(carries)) found.set(from, [...(found.get(from) ?? []), output]);
  return found;
}

/** Files at a port. */
export function filesOf(value: PortValue | undefined): readonly FileValue[] {
  if (value?.type === 'file') return [value.file];
  return value?.type === 'files' ? value.files : [];
}
