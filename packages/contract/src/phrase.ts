import { z } from 'zod';

/** The languages that every text shown to a person exists in. */
export const languages = ['en', 'zh-CN'] as const;
export const Language = z.enum(languages);
export type Language = z.infer<typeof Language>;

/**
 * One sentence in every language. `{name}` is replaced by the parameter of that name, and `{name|one|other}` by the
 * first word where that parameter is 1, else by the second: `{count} {count|file|files}`.
 */
export type Phrase = Readonly<Record<Language, string>>;

/** Values that go into a phrase. They are data: they are never parsed, and never looked up again. */
export const PhraseParams = z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()]));
export type PhraseParams = z.infer<typeof PhraseParams>;

const placeholder = /\{(\w+)(?:\|([^|{}]*)\|([^|{}]*))?\}/g;

/** Fills a phrase in one language. A parameter that is missing stays visible as `{name}`, so that tests find it. */
export function fill(phrase: Phrase, params: PhraseParams, language: Language): string {
  return phrase[language].replace(placeholder, (whole, name: string, one?: string, other?: string) => {
    const value = Object.hasOwn(params, name) ? params[name] : undefined;
    if (value === undefined) return whole;
    if (one === undefined || other === undefined) return String(value);
    return Number(value) === 1 ? one : other;
  });
}

/**
 * What is stored and sent wherever a person will read a reason: a stable code, its parameters, and the
 * English sentence for logs and for programs. Pages and the CLI translate by the code.
 */
export const Reason = z.object({
  code: z.string().regex(/^[a-z][a-z0-9_.]*$/),
  params: PhraseParams.default({}),
  message: z.string(),
  /** What stands behind it, one sentence each: why each node can't take a task. */
  causes: z
    .array(
      z.object({
        code: z.string().regex(/^[a-z][a-z0-9_.]*$/),
        params: PhraseParams.default({}),
        message: z.string(),
      }),
    )
    .max(20)
    .optional(),
});
export type Reason = z.infer<typeof Reason>;

/** A table of phrases by code. Workloads bring their own, the kernel's are in `phrases.ts`. */
export type PhraseTable = Readonly<Record<string, Phrase>>;

/** Makes a reason from a table; the code must be one of the table's. */
export function reason<T extends PhraseTable>(
  table: T,
  code: keyof T & string,
  params: PhraseParams = {},
): Reason {
  const phrase = table[code];
  if (!phrase) throw new Error(`No phrase has the code ${code}.`);
  return { code, params, message: fill(phrase, params, 'en') };
}

/**
 * The sentence of a reason in a language, with its causes behind it ("waits for 4 free cores: node-1 has 2, node-2
 * is cordoned"); English as stored when the table does not know a code.
 */
export function translateReason(value: Reason, tables: readonly PhraseTable[], language: Language): string {
  const sentence = (part: Omit<Reason, 'causes'>) => {
    for (const table of tables) {
      const phrase = table[part.code];
      if (phrase) return fill(phrase, part.params, language);
    }
    return part.message;
  };
  const head = sentence(value);
  if (!value.causes || value.causes.length === 0) return head;
  const [colon, comma] = language === 'zh-CN' ? ['：', '，'] : [': ', ', '];
  return `${head}${colon}${value.causes.map(sentence).join(comma)}`;
}

/** The best of our languages for an `Accept-Language` header, or for a locale such as `zh_CN.UTF-8`. */
export function chooseLanguage(header: string | undefined): Language {
  if (!header) return 'en';
  const wanted = header
    .split(',')
    .map((part) => {
      const [tag = '', ...rest] = part.trim().split(';');
      const q = rest.map((p) => p.trim()).find((p) => p.startsWith('q='));
      return { tag: tag.toLowerCase(), q: q ? Number(q.slice(2)) : 1 };
    })
    .filter((entry) => entry.q > 0)
    .sort((a, b) => b.q - a.q);
  for (const { tag } of wanted) {
    if (tag.startsWith('zh')) return 'zh-CN';
    if (tag.startsWith('en')) return 'en';
  }
  return 'en';
}
