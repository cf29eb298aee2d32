import type { z } from 'zod';
import { BacklotError } from '../errors/catalogue.ts';
import { linkErrors } from '../errors/link.ts';
import { Envelope, linkProtocol } from './envelope.ts';

/** Which messages one side may send: schema of the body by type. */
export type MessageTable = Readonly<Record<string, z.ZodType>>;

/** A message of the table, checked. */
export type Message<T extends MessageTable> = {
  [K in keyof T & string]: {
    readonly t: K;
    readonly b: z.infer<T[K]>;
    readonly id?: string;
    readonly re?: string;
  };
}[keyof T & string];

/** What came out of a text from the other side. A fault says which request it belongs to, if that much was readable. */
export type Decoded<T extends MessageTable> =
  | { readonly ok: true; readonly message: Message<T> }
  | { readonly ok: false; readonly error: BacklotError; readonly t?: string; readonly id?: string };

/** Writes an envelope. */
export function encode(
  t: string,
  b: unknown,
  link: { readonly id?: string | undefined; readonly re?: string | undefined } = {},
): string {
  return JSON.stringify({ v: linkProtocol.max, id: link.id, re: link.re, t, b });
}

/** Reads an envelope and its body. Never throws: whatever arrives is either a message or a typed fault. */
export function decode<T extends MessageTable>(text: string, table: T): Decoded<T> {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return fault('it is not JSON');
  }
  return check(raw, table);
}

/** The same for an envelope that is parsed already. */
export function check<T extends MessageTable>(raw: unknown, table: T): Decoded<T> {
  const parsed = Envelope.safeParse(raw);
  if (!parsed.success) return fault(describe(parsed.error));
  const { v, t, b, id, re } = parsed.data;
  const about = { t, ...(id === undefined ? {} : { id }) };
  if (v < linkProtocol.min || v > linkProtocol.max) return fault(`version ${v} is not spoken here`, about);
  const schema = Object.hasOwn(table, t) ? table[t] : undefined;
  if (!schema) {
    return {
      ok: false,
      error: new BacklotError(linkErrors.link_message_unknown, { params: { type: t } }),
      ...about,
    };
  }
  const body = schema.safeParse(b);
  if (!body.success) return fault(`${t}: ${describe(body.error)}`, about);
  return {
    ok: true,
    message: { ...about, b: body.data, ...(re === undefined ? {} : { re }) } as Message<T>,
  };
}

function fault(reason: string, about: { readonly t?: string; readonly id?: string } = {}) {
  return {
    ok: false,
    error: new BacklotError(linkErrors.link_message_malformed, { params: { reason } }),
    ...about,
  } as const;
}

function describe(error: z.ZodError): string {
  const issue = error.issues[0];
  return issue
    ? `${issue.path.join('.') || 'the message'}: ${issue.message}`.slice(0, 200)
    : 'it does not fit';
}
