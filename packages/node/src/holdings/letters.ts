import {
  type FactDraft,
  type Findings,
  Findings as FindingsSchema,
  factBodyLimit,
  type Output,
} from '@backlot/contract';
import type { HeldFile } from './ledger.ts';

/** What one message carries at most; one on the link has at most one mebibyte. */
export const mostFound = { items: 400, characters: 256 * 1024 } as const;

type Found = Pick<Findings, 'outputs' | 'facts'>;

/** A held file as the control plane hears of it. */
export function toOutput({ name, kind, digest, size, mediaType, meta }: HeldFile): Output & { held: true } {
  return { name, kind, digest, size, mediaType, meta, held: true };
}

/** Cuts what was found into letters, in order: files first, because facts speak of them. None for nothing. */
export function toLetters(
  outputs: readonly Findings['outputs'][number][],
  facts: readonly FactDraft[],
): string[] {
  const letters: string[] = [];
  let open: { outputs: Findings['outputs']; facts: FactDraft[] } = { outputs: [], facts: [] };
  let characters = 0;
  const close = () => {
    if (open.outputs.length + open.facts.length > 0) letters.push(JSON.stringify(open));
    open = { outputs: [], facts: [] };
    characters = 0;
  };
  const add = (size: number, put: () => void) => {
    const items = open.outputs.length + open.facts.length;
    if (items >= mostFound.items || (items > 0 && characters + size > mostFound.characters)) close();
    characters += size;
    put();
  };
  for (const output of outputs) add(JSON.stringify(output).length, () => open.outputs.push(output));
  for (const fact of facts) add(JSON.stringify(fact).length, () => open.facts.push(fact));
  close();
  return letters;
}

/** Several letters as the body of one message. */
export function fromLetters(letters: readonly string[]): Found {
  const found: Found[] = letters.map((letter) => JSON.parse(letter) as Found);
  return { outputs: found.flatMap(({ outputs }) => outputs), facts: found.flatMap(({ facts }) => facts) };
}

/** What is wrong with facts that a workload wants to tell, in words; nothing when they can be told. */
export function factProblem(facts: readonly FactDraft[]): string | undefined {
  for (const fact of facts) {
    const parsed = FindingsSchema.shape.facts.element.safeParse(fact);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      return `the fact ${fact.key}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? 'does not fit'}`;
    }
    if (JSON.stringify(fact.body).length > factBodyLimit)
      return `the fact ${fact.key} has more than ${factBodyLimit} characters`;
  }
  return undefined;
}
