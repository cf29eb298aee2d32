import { type IncomingMessage, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import { BacklotError, chooseLanguage, httpErrors, kernelErrors, newId, toProblem } from '@backlot/contract';
import type { Logger } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { problemType } from './problems.ts';
import { isSameOrigin } from './same-origin.ts';

/** A WebSocket endpoint of a room or a workload. */
export interface SocketEndpoint {
  /** Path with `:name` parameters: `/signal/player/:app`. */
  readonly path: string;
  /** Sub-protocols that are understood; the first of the client's that is among them is chosen. */
  readonly protocols?: readonly string[];
  /** Largest message in bytes; larger ones close the socket (1009). */
  readonly maxPayload?: number;
  /**
   * `same` where the browser's cookies would be believed. `any` where the socket proves itself by a ticket or a
   * key in its first message, as players on other people's pages and nodes do.
   */
  readonly origin?: 'same' | 'any';
  /** How its sockets are closed when the server closes; 1001, going away, unless told. */
  readonly goodbye?: Goodbye;
  connect(socket: WebSocket, request: IncomingMessage, params: Record<string, string>): void | Promise<void>;
}

interface Goodbye {
  readonly code: number;
  readonly reason: string;
}

interface CompiledEndpoint {
  readonly endpoint: SocketEndpoint;
  readonly segments: readonly string[];
  readonly server: WebSocketServer;
}

const defaultMaxPayload = 1024 * 1024;
const goingAway: Goodbye = { code: 1001, reason: 'The control plane is going away.' };

/** The parameters of a path if it fits a template of the same number of segments. */
export function matchPath(template: readonly string[], path: string): Record<string, string> | undefined {
  const segments = path.split('/');
  if (segments.length !== template.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, expected] of template.entries()) {
    const segment = segments[index] ?? '';
    if (!expected.startsWith(':')) {
      if (segment !== expected) return undefined;
      continue;
    }
    try {
      params[expected.slice(1)] = decodeURIComponent(segment);
    } catch {
      return undefined;
    }
    if (segment === '') return undefined;
  }
  return params;
}

/**
 * Hands every upgrade of the one HTTP server to the endpoint of its path. It owns the sockets until the endpoint
 * closes them, and ends those that are left when the server closes.
 */
export class SocketRoutes {
  readonly #log: Logger;
  readonly #publicOrigin: () => string;
  readonly #endpoints: CompiledEndpoint[] = [];
  /** Every open socket, and how it is to be closed. */
  readonly #open = new Map<WebSocket, Goodbye>();
  #closing = false;

  constructor(options: { readonly log: Logger; readonly publicOrigin: () => string }) {
    this.#log = options.log;
    this.#publicOrigin = options.publicOrigin;
  }

  /** How many sockets are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Adds an endpoint. Its path must be new. */
  route(endpoint: SocketEndpoint): void {
    if (this.#endpoints.some((known) => known.endpoint.path === endpoint.path)) {
      throw new Error(`Two WebSocket endpoints claim ${endpoint.path}.`);
    }
    const { protocols } = endpoint;
    const server = new WebSocketServer({
      noServer: true,
      clientTracking: false,
      perMessageDeflate: false,
      maxPayload: endpoint.maxPayload ?? defaultMaxPayload,
      ...(protocols
        ? { handleProtocols: (offered) => protocols.find((name) => offered.has(name)) ?? false }
        : {}),
    });
    this.#endpoints.push({ endpoint, segments: endpoint.path.split('/'), server });
  }

  /** Answers one `upgrade` of the HTTP server. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Until `ws` takes over nobody else listens, and a reset of the peer would end the process.
    const onError = () => socket.destroy();
    socket.on('error', onError);
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const found = this.#find(path);
    if (!found) {
      this.#refuse(request, socket, kernelErrors.route_not_found, {
        method: 'WebSocket',
        path: path.slice(0, 200),
      });
      return;
    }
    if (this.#closing) {
      this.#refuse(request, socket, httpErrors.shutting_down, {});
      return;
    }
    const { endpoint, server } = found.compiled;
    const { origin, host } = request.headers;
    if (endpoint.origin === 'same' && !isSameOrigin({ origin, host, publicOrigin: this.#publicOrigin() })) {
      this.#refuse(request, socket, kernelErrors.forbidden, { permission: 'same-origin' });
      return;
    }
    server.handleUpgrade(request, socket, head, (webSocket) => {
      socket.removeListener('error', onError);
      this.#connect(endpoint, webSocket, request, found.params);
    });
  }

  /** Says goodbye to every socket, as its endpoint wants it, and cuts those that have not answered when `cut` resolves. */
  async close(cut: Promise<void>): Promise<void> {
    this.#closing = true;
    const gone = [...this.#open.keys()].map(
      (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
    );
    for (const [socket, { code, reason }] of this.#open) socket.close(code, reason);
    await Promise.race([Promise.all(gone), cut]);
    for (const socket of this.#open.keys()) socket.terminate();
  }

  #find(path: string): { compiled: CompiledEndpoint; params: Record<string, string> } | undefined {
    for (const compiled of this.#endpoints) {
      const params = matchPath(compiled.segments, path);
      if (params) return { compiled, params };
    }
    return undefined;
  }

  #connect(
    endpoint: SocketEndpoint,
    socket: WebSocket,
    request: IncomingMessage,
    params: Record<string, string>,
  ): void {
    this.#open.set(socket, endpoint.goodbye ?? goingAway);
    socket.once('close', () => this.#open.delete(socket));
    // A malformed frame must end this socket and not the process, also when the endpoint forgets to listen.
    socket.on('error', (error) => this.#log.debug({ err: error, path: endpoint.path }, 'socket error'));
    const failed = (error: unknown) => {
      this.#log.error({ err: error, path: endpoint.path }, 'a socket endpoint failed');
      socket.close(1011, 'Something went wrong on our side.');
    };
    try {
      Promise.resolve(endpoint.connect(socket, request, params)).catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** Answers in HTTP, since the upgrade does not take place, with the same documents as every other error. */
  #refuse(
    request: IncomingMessage,
    socket: Duplex,
    kind: ConstructorParameters<typeof BacklotError>[0],
    params: Record<string, string>,
  ): void {
    const error = new BacklotError(kind, { params });
    const language = chooseLanguage(request.headers['accept-language']);
    const body = JSON.stringify(toProblem(error, language, newId()));
    const head = [
      `HTTP/1.1 ${kind.status} ${STATUS_CODES[kind.status] ?? ''}`,
      'Connection: close',
      `Content-Type: ${problemType}`,
      `Content-Length: ${Buffer.byteLength(body)}`,
      'X-Content-Type-Options: nosniff',
    ];
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  }
}
