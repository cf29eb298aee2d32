import { type Clock, systemClock } from '@backlot/contract/clock';
import type { Language } from '@backlot/contract/phrase';
import type { z } from 'zod';
import { ApiError, errorOf, UnexpectedAnswerError, UnreachableError } from './errors.ts';

export interface TransportOptions {
  /** Where the control plane is, as `http://127.0.0.1:8080`; empty in a page that it served itself. */
  readonly baseUrl: string;
  /** An API token. Without one, the browser's session cookie is sent. */
  readonly token?: string;
  /** Headers for every mutation, read at each call: where a page puts its CSRF header. */
  readonly mutationHeaders?: () => Readonly<Record<string, string>>;
  readonly language?: Language;
  /** Milliseconds until an answer without streaming body is given up. Default 30,000. */
  readonly timeoutMs?: number;
  /**
   * How often a call that is safe to repeat (reads, and mutations with an idempotency key) is tried again after
   * a broken connection or an answer that says `retryable`. Default 0: pages have a retry of their own.
   */
  readonly retries?: number;
  readonly fetch?: typeof fetch;
  readonly clock?: Clock;
  /** For the spread of waits between tries; 0 <= x < 1. */
  readonly random?: () => number;
}

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export interface CallOptions {
  /** Left-out and undefined values are not sent; lists are sent as repeated keys. */
  readonly query?: Readonly<Record<string, QueryValue | readonly QueryValue[]>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is; `headers` says what it is. */
  readonly body?: Blob | Uint8Array<ArrayBuffer> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** The server answers a repeated create with the first one's result (kept for a day). */
  readonly idempotencyKey?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

type QueryValue = string | number | boolean | undefined;

const longestWaitS = 10;

/**
 * One HTTP exchange with the control plane: address, credentials, language, time limit, retries, and answers
 * turned into values or typed errors. Everything else in the SDK is built on its three verbs.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #fetch: typeof fetch;
  readonly #clock: Clock;
  /** The source of the spread of waits; 0 <= x < 1. */
  readonly random: () => number;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? globalThis.fetch.bind(globalThis);
    this.#clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
  }

  get baseUrl(): string {
    return this.#options.baseUrl;
  }

  get clock(): Clock {
    return this.#clock;
  }

  /** The whole address of a path, with its query. */
  url(path: string, query: CallOptions['query'] = {}): string {
    const parameters = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      for (const one of Array.isArray(value) ? value : [value]) {
        if (one !== undefined) parameters.append(name, String(one));
      }
    }
    const search = parameters.toString();
    return `${this.#options.baseUrl.replace(/\/+$/, '')}${path}${search === '' ? '' : `?${search}`}`;
  }

  /**
   * A call whose answer is JSON of a known shape.
   * @throws ApiError, UnreachableError, UnexpectedAnswerError, or the signal's reason.
   */
  async call<Schema extends z.ZodType>(
    method: Method,
    path: string,
    schema: Schema,
    options: CallOptions = {},
  ): Promise<z.output<Schema>> {
    const response = await this.send(method, path, options);
    const text = await response.text();
    let body: unknown;
    try {
      body = JSON.parse(text);
    } catch (cause) {
      throw new UnexpectedAnswerError(response.url, response.status, 'it is not JSON', cause);
    }
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    const where = issue && issue.path.length > 0 ? `at ${issue.path.join('.')}: ` : '';
    throw new UnexpectedAnswerError(response.url, response.status, `${where}${issue?.message}`, parsed.error);
  }

  /** A call whose answer has no body that matters. */
  async run(method: Method, path: string, options: CallOptions = {}): Promise<void> {
    const response = await this.send(method, path, options);
    await response.body?.cancel();
  }

  /** The bare answer, for streams and downloads. Successful, or it throws. Its owner reads or cancels the body. */
  async send(method: Method, path: string, options: CallOptions = {}): Promise<Response> {
    const url = this.url(path, options.query);
    const repeatable = method === 'GET' || method === 'HEAD' || options.idempotencyKey !== undefined;
    const tries = 1 + (repeatable ? (this.#options.retries ?? 0) : 0);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#once(method, url, options);
      } catch (error) {
        if (attempt >= tries || !isWorthAnotherTry(error)) throw error;
        await this.#clock.sleep(this.#pauseMs(attempt, error), options.signal);
      }
    }
  }

  async #once(method: Method, url: string, options: CallOptions): Promise<Response> {
    // The limit is for the answer to begin; a download may then take as long as it takes.
    const limit = new AbortController();
    const stopLimit = this.#clock.after(options.timeoutMs ?? this.#options.timeoutMs ?? 30_000, () =>
      limit.abort(new DOMException('The time is up.', 'TimeoutError')),
    );
    const signal = options.signal ? AbortSignal.any([options.signal, limit.signal]) : limit.signal;
    let response: Response;
    try {
      response = await this.#fetch(url, {
        method,
        headers: this.#headers(method, options),
        credentials: this.#options.token === undefined ? 'same-origin' : 'omit',
        signal,
        ...(options.json === undefined ? {} : { body: JSON.stringify(options.json) }),
        ...(options.body === undefined ? {} : { body: options.body }),
      });
    } catch (error) {
      if (options.signal?.aborted) throw options.signal.reason;
      throw new UnreachableError(url, limit.signal.aborted ? 'timeout' : 'network', error);
    } finally {
      stopLimit();
    }
    if (response.ok) return response;
    throw await errorOf(response);
  }

  #headers(method: Method, options: CallOptions): Record<string, string> {
    const { token, language, mutationHeaders } = this.#options;
    const mutates = method !== 'GET' && method !== 'HEAD';
    return {
      accept: 'application/json, application/problem+json;q=0.9, */*;q=0.1',
      ...(language === undefined ? {} : { 'accept-language': language }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(mutates ? mutationHeaders?.() : {}),
      ...(options.json === undefined ? {} : { 'content-type': 'application/json' }),
      ...(options.idempotencyKey === undefined ? {} : { 'idempotency-key': options.idempotencyKey }),
      ...options.headers,
    };
  }

  /** What the server asked for, else 0.2 s doubling; spread over its second half, so that many clients do not return at once. */
  #pauseMs(attempt: number, error: unknown): number {
    const askedS = error instanceof ApiError ? error.retryAfterS : undefined;
    if (askedS !== undefined) return Math.min(askedS, longestWaitS) * 1000;
    const fullMs = Math.min(200 * 2 ** (attempt - 1), longestWaitS * 1000);
    return fullMs * (0.5 + this.random() / 2);
  }
}

function isWorthAnotherTry(error: unknown): boolean {
  if (error instanceof UnreachableError) return true;
  return error instanceof ApiError && error.problem.retryable && error.status !== 500;
}
