import type { Language, Phrase } from '@backlot/contract/phrase';
import type { JsonSchema } from '../../../parts/schema-form/index.ts';
import type { KindPorts, PortType } from './graph.ts';

/** A kind of step or trigger, as the pages use it. */
export interface KindView extends KindPorts {
  readonly title: Phrase;
  readonly summary: Phrase;
  readonly icon?: string | undefined;
  readonly parameters: JsonSchema;
  readonly outputs: Readonly<
    Record<string, { readonly type: PortType; readonly title?: Phrase | null | undefined }>
  >;
  /** Of a trigger: names of what is at `{{trigger.…}}`. */
  readonly data?: readonly string[] | undefined;
}

export interface CatalogueView {
  readonly steps: ReadonlyMap<string, KindView>;
  readonly triggers: ReadonlyMap<string, KindView>;
}

export const emptyCatalogue: CatalogueView = { steps: new Map(), triggers: new Map() };

/** The areas of the palette, in the order of a flow's life; a kind belongs to the workload that it is named after. */
const areas = ['flow', 'recordings', 'transcodes', 'deliveries'] as const;
export type Area = (typeof areas)[number] | 'other';

export function areaOf(kind: string): Area {
  const owner = kind.split('.', 1)[0]?.replace(/^flows$/, 'flow');
  return areas.find((area) => area === owner) ?? 'other';
}

/** Kinds of steps that have all the words somewhere in their name or summary, by area. */
export function findKinds(
  catalogue: CatalogueView,
  text: string,
  language: Language,
): { readonly area: Area; readonly kinds: readonly KindView[] }[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [...catalogue.steps.values()].filter((kind) => {
    const all =
      `${kind.title[language]} ${kind.summary[language]} ${kind.kind} ${kind.title.en}`.toLowerCase();
    return words.every((word) => all.includes(word));
  });
  return ([...areas, 'other'] as const)
    .map((area) => ({ area, kinds: found.filter((kind) => areaOf(kind.kind) === area) }))
    .filter(({ kinds }) => kinds.length > 0);
}
