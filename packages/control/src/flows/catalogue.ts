import { type FlowCatalogue, type FlowKinds, waysOf } from '@backlot/contract';
import { z } from 'zod';

/** What flows may be made of, for editors: ports, ways on, and parameters as JSON Schema with the words of `meta`. */
export function catalogueOf({ steps, triggers }: FlowKinds): FlowCatalogue {
  return {
    steps: [...steps.values()].map((kind) => ({
      kind: kind.kind,
      title: kind.title,
      summary: kind.summary,
      icon: kind.icon ?? null,
      parameters: schemaOf(kind.parameters),
      inputs: portsOf(kind.inputs),
      outputs: portsOf(kind.outputs),
      branches: [...waysOf(kind)],
      performedBy: kind.performedBy ?? 'task',
      verifies: kind.verifies ?? null,
      deletes: kind.deletes ?? null,
    })),
    triggers: [...triggers.values()].map((kind) => ({
      kind: kind.kind,
      title: kind.title,
      summary: kind.summary,
      icon: kind.icon ?? null,
      parameters: schemaOf(kind.parameters),
      outputs: portsOf(kind.outputs),
      data: [...(kind.data ?? [])],
    })),
  };
}

function schemaOf(schema: z.ZodType): Record<string, unknown> {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Record<string, unknown>;
}

type Ports = Readonly<
  Record<
    string,
    {
      readonly type: 'file' | 'files' | 'data';
      readonly required?: boolean;
      readonly title?: { readonly en: string; readonly 'zh-CN': string };
    }
  >
>;
function portsOf(ports: Ports) {
  return Object.fromEntries(
    Object.entries(ports).map(([name, { type, required, title }]) => [
      name,
      { type, required: required ?? true, title: title ? { en: title.en, 'zh-CN': title['zh-CN'] } : null },
    ]),
  );
}
