import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { systemClock } from '@backlot/contract/clock';
import { SourceFault, SourceRefused } from '../source-port.ts';
import { awakeLimit } from '../time/awake-limit.ts';

export interface HttpOptions {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly signal: AbortSignal;
  /** Until the head of the answer is there, each time; milliseconds. */
  readonly timeoutMs: number;
  /** Keeps connections for many small requests. */
  readonly agents?: HttpAgents;
}

/** Connections that are kept between requests; whoever makes them destroys them. */
export interface HttpAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  destroy(): void;
}

export function keepAliveAgents(): HttpAgents {
  const options = { keepAlive: true, maxSockets: 4, keepAliveMsecs: 10_000 };
  const agents = { http: new http.Agent(options), https: new https.Agent(options) };
  return {
    ...agents,
    destroy() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

const MOST_REDIRECTS = 8;
/** Some servers refuse whoever says nothing about itself. */
export const USER_AGENT = 'Mozilla/5.0 (compatible; Backlot recorder)';
/** Never sent to another host than the one they were given for. */
const private_ = new Set(['cookie', 'authorization']);

/** The head of one answer, whoever got it. */
export interface Asked {
  readonly status: number;
  /** @param name in lower case */
  header(name: string): string | undefined;
  /** Its body is not wanted. */
  drop(): void;
}

/**
 * Asks, and asks where it is sent to, until an answer has a body for us.
 * @throws SourceRefused for a status that is a no: 401/403 denied, 404/410 offline, other 4xx unusable.
 */
export async function followRedirects<A extends Asked>(
  address: string,
  given: Readonly<Record<string, string>> | undefined,
  ask: (url: URL, headers: Readonly<Record<string, string>>) => Promise<A>,
): Promise<{ answer: A; url: string }> {
  let url = parse(address);
  let headers = { ...given };
  for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
    const answer = await ask(url, headers);
    const { status } = answer;
    const location = answer.header('location');
    if (status === 200 || status === 206) return { answer, url: url.href };
    answer.drop();
    if (!(status >= 300 && status < 400) || location === undefined)
      throw refusal(status, Number(answer.header('retry-after')));
    const next = parse(location, url);
    if (next.origin !== url.origin)
      headers = Object.fromEntries(
        Object.entries(headers).filter(([name]) => !private_.has(name.toLowerCase())),
      );
    url = next;
  }
  throw new SourceRefused('unusable', 'redirects', { most: MOST_REDIRECTS });
}

export interface HttpAnswer {
  readonly response: IncomingMessage;
  /** Where it came from in the end: relative addresses in it start there. */
  readonly url: string;
}

/** A GET that follows redirects, with a time limit for each answer's head. The body is not read. @throws as `followRedirects` */
export async function httpGet(address: string, options: HttpOptions): Promise<HttpAnswer> {
  const { answer, url } = await followRedirects(address, options.headers, async (to, headers) => {
    const response = await request(to, headers, options);
    return {
      response,
      status: response.statusCode ?? 0,
      header: (name) => [response.headers[name]].flat()[0],
      drop: () => void response.destroy(),
    };
  });
  return { response: answer.response, url };
}

/** An address without what must not be shown: user, password, query. */
export function shownAddress(address: string): string {
  try {
    const { protocol, host, pathname } = new URL(address);
    return `${protocol}//${host}${pathname}`.slice(0, 300);
  } catch {
    return 'an address that can not be read';
  }
}

function parse(address: string, base?: URL): URL {
  let url: URL;
  try {
    url = new URL(address, base);
  } catch {
    throw new SourceRefused('unusable', 'no_url');
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new SourceRefused('unusable', 'scheme', { scheme: url.protocol });
  return url;
}

function refusal(status: number, retryAfter: number): Error {
  const retryAfterMs =
    Number.isFinite(retryAfter) && retryAfter > 0 ? Math.min(retryAfter, 600) * 1000 : undefined;
  if (status === 401 || status === 403)
    return new SourceRefused('denied', 'denied', { status }, retryAfterMs);
  if (status === 404 || status === 410) return new SourceRefused('offline', 'gone', { status }, retryAfterMs);
  if (status >= 400 && status < 500 && status !== 408 && status !== 429)
    return new SourceRefused('unusable', 'refused', { status }, retryAfterMs);
  if (retryAfterMs !== undefined) return new SourceRefused('offline', 'busy', { status }, retryAfterMs);
  return new SourceFault('http', { status });
}

function request(
  url: URL,
  headers: Readonly<Record<string, string>>,
  options: HttpOptions,
): Promise<IncomingMessage> {
  const { signal, timeoutMs, agents } = options;
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    const call = (secure ? https : http).get(url, {
      headers: { 'user-agent': USER_AGENT, accept: '*/*', ...headers },
      agent: agents ? (secure ? agents.https : agents.http) : false,
    });
    const callOff = awakeLimit(systemClock, timeoutMs, () => call.destroy(new SourceFault('timeout')));
    const onAbort = () =>
      call.destroy(signal.reason instanceof Error ? signal.reason : new Error('Aborted.'));
    signal.addEventListener('abort', onAbort, { once: true });
    const settle = () => {
      callOff();
      signal.removeEventListener('abort', onAbort);
    };
    call.on('error', (error) => {
      settle();
      reject(error);
    });
    call.once('response', (response) => {
      settle();
      // Whoever takes it listens again; an error in between must not end the process.
      response.on('error', () => {});
      resolve(response);
    });
  });
}
