import { lookup as dnsLookup } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { BacklotError, type Clock, type WebhookSettings } from '@backlot/contract';
import { refusalOf } from './address-policy.ts';

export interface Delivery {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** How one attempt ended. */
export interface Attempt {
  readonly ok: boolean;
  /** HTTP status, null when no answer came. */
  readonly status: number | null;
  /** What went wrong, with the beginning of the answer; null when nothing did. */
  readonly error: string | null;
  readonly durationMs: number;
  /** Seconds that the receiver asked to be left alone. */
  readonly retryAfterS: number;
}

/** From the first packet to the last byte that we read of the answer. */
export const attemptLimitMs = 15_000;
/** Read of an answer: enough for its reason, too little to be of use to whoever points us at a large file. */
const mostRead = 4_096;
const shownOfAnswer = 300;

/**
 * Sends one delivery, once. Redirects are not followed: whoever answers with one could send our signed events
 * anywhere, also to addresses that are not allowed. The address is checked when the name has been resolved, on the
 * very answer that the connection then uses, so that a name can't point elsewhere between check and use.
 */
export async function send(
  delivery: Delivery,
  settings: WebhookSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<Attempt> {
  const started = clock.monotonic();
  const limit = new AbortController();
  const cancel = clock.after(attemptLimitMs, () =>
    limit.abort(new Error(`no answer within ${attemptLimitMs / 1000} s`)),
  );
  const ended = AbortSignal.any([signal, limit.signal]);
  try {
    const answer = await exchange(delivery, settings, ended);
    const ok = answer.status >= 200 && answer.status < 300;
    const shown = answer.text.slice(0, shownOfAnswer).trim();
    const why = answer.status >= 300 && answer.status < 400 ? 'redirects are not followed' : shown;
    return {
      ok,
      status: answer.status,
      error: ok ? null : `${answer.status}${why === '' ? '' : `: ${why}`}`,
      durationMs: Math.round(clock.monotonic() - started),
      retryAfterS: answer.retryAfterS,
    };
  } catch (error) {
    const reason: unknown = limit.signal.aborted ? limit.signal.reason : error;
    return {
      ok: false,
      status: null,
      error: reason instanceof Error ? reason.message || reason.name : String(reason),
      durationMs: Math.round(clock.monotonic() - started),
      retryAfterS: 0,
    };
  } finally {
    cancel();
  }
}

/**
 * Checks what can be known of an address before it is called: hosts that are written out.
 * @throws webhook_address_loopback, webhook_address_private, webhook_address_forbidden
 */
export function checkUrl(text: string, settings: WebhookSettings): void {
  const host = new URL(text).hostname.replace(/^\[|\]$/g, '');
  // Names below localhost are this machine by definition (RFC 6761 §6.3), whatever a resolver says.
  const address = host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : host;
  const refusal = isIP(address) === 0 ? undefined : refusalOf(address, settings, host);
  if (refusal) throw new BacklotError(refusal.kind, { params: refusal.params, pointer: 'body.url' });
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly retryAfterS: number;
}

function exchange(delivery: Delivery, settings: WebhookSettings, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = new URL(delivery.url);
    checkUrl(delivery.url, settings);
    const secure = url.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      headers: {
        ...delivery.headers,
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(delivery.body)),
        'user-agent': 'Backlot-Webhooks/1',
      },
      lookup: checkedLookup(settings),
      // A connection of its own, closed after the answer: receivers are many and called seldom.
      agent: false,
      signal,
    });
    request.once('error', reject);
    request.once('response', (response) => {
      const pieces: Buffer[] = [];
      let read = 0;
      const finish = () => {
        const text = Buffer.concat(pieces).subarray(0, mostRead).toString('utf8');
        const asked = Number(response.headers['retry-after']);
        resolve({
          status: response.statusCode ?? 0,
          text: printable(text),
          retryAfterS: Number.isFinite(asked) && asked > 0 ? asked : 0,
        });
        request.destroy();
      };
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        read += piece.length;
        if (read >= mostRead) finish();
      });
      response.once('end', finish);
      response.once('error', reject);
    });
    request.end(delivery.body);
  });
}

/** Answers are shown in the delivery log and stored as text. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is taken out.
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ').toWellFormed();
}

/** Resolves a name and refuses it when any of its addresses is not allowed. */
export function checkedLookup(settings: WebhookSettings): LookupFunction {
  return (hostname, options, callback) => {
    dnsLookup(hostname, { ...options, all: true }, (error, addresses) => {
      if (error) return callback(error, []);
      for (const { address } of addresses) {
        const refused = refusalOf(address, settings, `${hostname} (${address})`);
        if (refused) return callback(refused, []);
      }
      const first = addresses[0];
      if (!first) return callback(new Error(`${hostname} has no address`), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
