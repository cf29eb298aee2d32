import { randomUUID } from 'node:crypto';
import type { AnswerParts } from '../../../contract/media/calls.ts';
import { notFound } from '../refusal.ts';

/**
 * Characters of JSON in one part. As text inside of JSON each is at most three bytes (a quotation mark or a backslash two), so
 * that a part and its envelope stay far below what the link takes, 1 MiB.
 */
export const partLength = 200_000;
/** Long answers that are kept at once; the oldest goes first. Whoever misses its parts asks anew. */
const kept = 4;

/**
 * Long answers of one room on their way to control. What a room says of itself grows with the square of the people in it,
 * and one message on the link must not.
 */
export class LongAnswers {
  readonly #answers = new Map<string, readonly string[]>();

  /** Keeps an answer that is too long for one message; undefined: it is not. */
  keep(data: unknown): AnswerParts | undefined {
    const json = JSON.stringify(data) ?? 'null';
    if (json.length <= partLength) return undefined;
    const parts: string[] = [];
    for (let at = 0; at < json.length; at += partLength) parts.push(json.slice(at, at + partLength));
    const id = randomUUID();
    this.#answers.set(id, parts);
    const [oldest] = this.#answers.keys();
    if (this.#answers.size > kept && oldest !== undefined) this.#answers.delete(oldest);
    return { id, count: parts.length };
  }

  /** A part of an answer; the last one ends it. @throws not_found */
  part(id: string, part: number): string {
    const parts = this.#answers.get(id);
    const text = parts?.[part];
    if (parts === undefined || text === undefined) throw notFound('part of an answer', id);
    if (part === parts.length - 1) this.#answers.delete(id);
    return text;
  }
}
