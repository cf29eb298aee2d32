import { z } from 'zod';
import { sayNoun } from '../nouns.ts';
import { fill, type Language, type Phrase, PhraseParams, type PhraseTable } from '../phrase.ts';

/**
 * One kind of error, declared once. The code is a promise to programs, the sentences tell a person what to do.
 * `{name}` in a sentence is filled from the parameters given when it is thrown.
 */
export interface ErrorKind {
  readonly code: string;
  /** HTTP status of the answer when this ends a request. */
  readonly status: number;
  /** Whether the same call may succeed later without any change. */
  readonly retryable: boolean;
  readonly message: Phrase;
  /** Parameters that hold one of our nouns, such as `node`: a person reads the word of their language. */
  readonly nouns?: readonly string[];
  /**
   * Parameters that hold a code of a table: programs get the code, a person reads its phrase in their language, filled from
   * the same parameters.
   */
  readonly phrases?: Readonly<Record<string, PhraseTable>>;
}

/** Declares the errors of one area. The key is the code, so that a code can stand only once in a table. */
export function defineErrors<const T extends Record<string, Omit<ErrorKind, 'code'>>>(
  table: T,
): { readonly [K in keyof T & string]: ErrorKind & { readonly code: K } } {
  const kinds: Record<string, ErrorKind> = {};
  for (const [code, kind] of Object.entries(table)) kinds[code] = { code, ...kind };
  return kinds as { readonly [K in keyof T & string]: ErrorKind & { readonly code: K } };
}

export interface ErrorOptions {
  readonly params?: PhraseParams;
  readonly cause?: unknown;
  /** Where in the input it is, for errors about input: `parameters.frames`. */
  readonly pointer?: string;
  /** How long a client should wait, in seconds, sent as `Retry-After`. */
  readonly retryAfterS?: number;
  /** More of the same kind, one for each place in the input. */
  readonly issues?: readonly ProblemIssue[];
}

/** The one class of errors that our code throws on purpose. */
export class BacklotError extends Error {
  readonly kind: ErrorKind;
  readonly params: PhraseParams;
  readonly pointer: string | undefined;
  readonly retryAfterS: number | undefined;
  readonly issues: readonly ProblemIssue[];

  constructor(kind: ErrorKind, options: ErrorOptions = {}) {
    super(
      sentenceOf(kind, options.params ?? {}, 'en'),
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'BacklotError';
    this.kind = kind;
    this.params = options.params ?? {};
    this.pointer = options.pointer;
    this.retryAfterS = options.retryAfterS;
    this.issues = options.issues ?? [];
  }

  get code(): string {
    return this.kind.code;
  }

  /** The sentence in the reader's language. */
  sentence(language: Language): string {
    return sentenceOf(this.kind, this.params, language);
  }
}

function sentenceOf(kind: ErrorKind, params: PhraseParams, language: Language): string {
  const said: PhraseParams = { ...params };
  for (const name of kind.nouns ?? []) {
    const noun = said[name];
    if (typeof noun === 'string') said[name] = sayNoun(noun, language);
  }
  for (const [name, table] of Object.entries(kind.phrases ?? {})) {
    const code = said[name];
    const phrase = typeof code === 'string' && Object.hasOwn(table, code) ? table[code] : undefined;
    if (phrase) said[name] = fill(phrase, params, language);
  }
  return fill(kind.message, said, language);
}

/** One fault at one place of the input. */
export const ProblemIssue = z.object({ pointer: z.string(), message: z.string() });
export type ProblemIssue = z.infer<typeof ProblemIssue>;

/** The body of every error answer (RFC 9457, `application/problem+json`) with our stable `code`. */
export const Problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.number().int(),
  detail: z.string(),
  code: z.string(),
  retryable: z.boolean(),
  params: PhraseParams.optional(),
  pointer: z.string().optional(),
  issues: z.array(ProblemIssue).optional(),
  /** Id of the request, as in the log and in the answer's header. */
  requestId: z.string().optional(),
});
export type Problem = z.infer<typeof Problem>;

/** Makes the problem document of an error. */
export function toProblem(error: BacklotError, language: Language, requestId?: string): Problem {
  const detail = error.sentence(language);
  return {
    type: `urn:backlot:error:${error.code}`,
    title: detail.split(/(?<=[.。])\s?/u)[0] ?? detail,
    status: error.kind.status,
    detail,
    code: error.code,
    retryable: error.kind.retryable,
    ...(Object.keys(error.params).length > 0 ? { params: error.params } : {}),
    ...(error.pointer === undefined ? {} : { pointer: error.pointer }),
    ...(error.issues.length > 0 ? { issues: [...error.issues] } : {}),
    ...(requestId === undefined ? {} : { requestId }),
  };
}
