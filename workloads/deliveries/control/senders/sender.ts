import type { WebhookSettings } from '@backlot/contract';
import { Heard } from '../../contract/redact.ts';
import type { Notice } from '../../contract.ts';
import type { HttpAnswer, HttpCall } from './http-call.ts';

/** A message with where it goes, opened for one attempt. */
export interface Outgoing {
  /** The same for every attempt. */
  readonly id: string;
  readonly notice: Notice;
  readonly payload: { readonly type: string; readonly data: unknown } | null;
  readonly createdAt: Date;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

export interface SendContext {
  readonly policy: WebhookSettings;
  readonly signal: AbortSignal;
  /** Seconds since 1970. */
  readonly nowS: number;
}

interface NotTaken<Words> {
  readonly ok: false;
  readonly fault: Words;
  readonly retryAfterS?: number;
  /** No other attempt will do better. */
  readonly final?: boolean;
}
/** What an answer means, in the service's own words. */
export type Judged = { readonly ok: true } | NotTaken<Heard>;
/** What came of an attempt, in words without secrets. */
export type Sent = { readonly ok: true } | NotTaken<string>;

/** A service that is called by HTTP: what to send, and what its answer means. Pure. */
export interface HttpService {
  call(outgoing: Outgoing, nowS: number): HttpCall;
  judge(answer: HttpAnswer): Judged;
}

/** The usual: 2xx is taken, anything else is not. */
export function judgeStatus({ status, text, broken, retryAfterS }: HttpAnswer): Judged {
  if (status >= 200 && status < 300) return { ok: true };
  return {
    ok: false,
    fault: text.trim() === '' ? new Heard(String(status)) : new Heard(`${status}: ${text}`, broken),
    retryAfterS,
    // Gone for good, by the specification of webhooks and by HTTP.
    ...(status === 410 ? { final: true } : {}),
  };
}

/** Services that answer 200 with a code of their own. */
export function judgeCode(
  { status, text, broken, retryAfterS }: HttpAnswer,
  taken: (code: unknown) => boolean,
): Judged {
  const code = fieldOf(text, 'code');
  if (status === 200 && taken(code)) return { ok: true };
  const message = fieldOf(text, 'message');
  const words = typeof message === 'string' ? message : code === undefined ? text : '';
  return { ok: false, fault: new Heard(`${String(code ?? status)}: ${words}`, broken), retryAfterS };
}

/** A field of a JSON answer; undefined when it is none, or has no such field. */
export function fieldOf(text: string, name: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Cut to so much, with an ellipsis, between characters.
 * @param units what the service counts: UTF-16 code units, as most do, or bytes of UTF-8
 */
export function cut(text: string, most: number, units: 'characters' | 'bytes' = 'characters'): string {
  const sizeOf = (piece: string) => (units === 'bytes' ? Buffer.byteLength(piece) : piece.length);
  if (sizeOf(text) <= most) return text;
  let kept = '';
  let left = most - sizeOf('…');
  for (const letter of text) {
    left -= sizeOf(letter);
    if (left < 0) break;
    kept += letter;
  }
  return `${kept}…`;
}

/** A text in which nothing is Markdown. */
export function plainMarkdown(text: string): string {
  return text.replace(/([\\`*_{}[\]()#+!|<>~-])/g, '\\$1');
}
