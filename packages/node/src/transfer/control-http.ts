import {
  type ClientRequest,
  Agent as HttpAgent,
  type IncomingMessage,
  request as requestHttp,
} from 'node:http';
import { Agent as HttpsAgent, request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BacklotError, type ErrorKind, Problem } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { transferErrors } from '@backlot/contract/errors/transfer';

/** A request on which no byte moves for this long has failed. */
const STALL_MS = 30_000;
/** Longest error document that is read. */
const PROBLEM_BYTES = 64 * 1024;
const SOCKETS = 8;

export interface ControlRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT';
  /** Below the control plane's address, with a leading slash. */
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bytes to send, of exactly this length. */
  readonly body?: { readonly stream: Readable; readonly length: number };
  readonly signal: AbortSignal;
}

/** An answer whose body is still to be read. */
export interface ControlAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readable;
}

/** The status of an answer that was an error, beside its typed code. */
export class ControlRefusal extends BacklotError {
  readonly status: number;
  constructor(status: number, kind: ErrorKind, problem: Problem | undefined) {
    super(kind, {
      params: problem?.params ?? {},
      ...(problem ? { cause: problem } : {}),
    });
    this.status = status;
  }
}

/** Moves bytes between this node and the control plane by HTTP. Streams both ways; nothing is held in memory. */
export class ControlHttp {
  readonly #base: URL;
  readonly #agent: HttpAgent;
  readonly #stallMs: number;

  constructor(controlUrl: string, stallMs = STALL_MS) {
    this.#base = new URL(controlUrl);
    this.#stallMs = stallMs;
    const options = { keepAlive: true, maxSockets: SOCKETS, timeout: stallMs };
    this.#agent = this.#base.protocol === 'https:' ? new HttpsAgent(options) : new HttpAgent(options);
  }

  /**
   * Sends a request and gives its answer when it is a good one.
   *
   * @throws ControlRefusal for an answer of 400 and above, connection_failed when none came, the signal's reason
   */
  async send(options: ControlRequest): Promise<ControlAnswer> {
    options.signal.throwIfAborted();
    const message = await this.#exchange(options);
    const status = message.statusCode ?? 0;
    if (status < 400) return { status, headers: message.headers, body: message };
    const problem = await readProblem(message);
    throw new ControlRefusal(status, kindOf(status, problem), problem);
  }

  close(): void {
    this.#agent.destroy();
  }

  #exchange(options: ControlRequest): Promise<IncomingMessage> {
    const { method, path, token, body, signal } = options;
    const send = this.#base.protocol === 'https:' ? requestHttps : requestHttp;
    return new Promise((resolve, reject) => {
      const request: ClientRequest = send(new URL(path, this.#base), {
        method,
        agent: this.#agent,
        signal,
        headers: {
          authorization: `Bearer ${token}`,
          ...options.headers,
          ...(body ? { 'content-length': body.length, 'content-type': 'application/octet-stream' } : {}),
        },
      });
      request.setTimeout(this.#stallMs, () => request.destroy(new Error('Nothing moved on the connection.')));
      const failed = (error: Error) => {
        reject(
          signal.aborted
            ? signal.reason
            : new BacklotError(transferErrors.connection_failed, {
                params: { reason: error.message },
                cause: error,
              }),
        );
      };
      request.once('error', failed);
      request.once('response', (message) => {
        // An error while the body is read reaches whoever reads it.
        request.off('error', failed);
        request.on('error', () => undefined);
        message.on('error', () => undefined);
        resolve(message);
      });
      if (!body) request.end();
      // When the answer comes before the last byte (a refusal), the rest is of no interest.
      else pipeline(body.stream, request).catch(failed);
    });
  }
}

async function readProblem(message: IncomingMessage): Promise<Problem | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > PROBLEM_BYTES) break;
      chunks.push(chunk);
    }
    const parsed = Problem.safeParse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  } finally {
    message.destroy();
  }
}

/** The kind as the server declared it; its sentence is the server's own. */
function kindOf(status: number, problem: Problem | undefined): ErrorKind {
  if (!problem) return status >= 500 ? kernelErrors.database_unavailable : transferErrors.transfer_refused;
  return {
    code: problem.code,
    status,
    retryable: problem.retryable,
    message: { en: problem.detail, 'zh-CN': problem.detail },
  };
}
