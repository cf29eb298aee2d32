import { createServer as createPlainServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Clock } from '@backlot/contract/clock';
import type { PushDesk } from './push-desk.ts';
import { PublisherConnection } from './rtmp/publisher-connection.ts';

export interface IngestServerOptions {
  readonly host: string;
  readonly port: number;
  /** RTMPS beside it: a certificate and its key, PEM. */
  readonly tls?: { readonly port: number; readonly cert: Buffer; readonly key: Buffer };
  readonly desk: PushDesk;
  readonly clock: Clock;
  readonly log: (message: string, details?: Record<string, unknown>) => void;
}

/** Connections at the same time, publishing or not. */
const maxConnections = 2_000;
/** Of one address and not publishing yet. */
const maxStrangers = 32;

/** The door of a node for RTMP publishers. Whatever one of them sends, the others and the process go on. */
export class IngestServer {
  readonly #servers: readonly Server[];
  readonly #sockets = new Set<Socket>();
  readonly #strangers = new Map<string, number>();
  readonly #options: IngestServerOptions;

  private constructor(options: IngestServerOptions) {
    this.#options = options;
    const admit = (socket: Socket) => this.#admit(socket);
    const { tls } = options;
    // `noDelay`: answers are small, and a publisher waits for each.
    const plain = createPlainServer({ noDelay: true }, admit);
    const secure = tls
      ? createTlsServer({ cert: tls.cert, key: tls.key, noDelay: true, handshakeTimeout: 10_000 }, admit)
      : undefined;
    this.#servers = secure ? [plain, secure] : [plain];
    for (const server of this.#servers) {
      server.maxConnections = maxConnections;
      // A broken TLS hello, a connection that is gone before it is taken.
      server.on('tlsClientError', () => {});
    }
  }

  /** @throws the system's error when the port is taken */
  static async open(options: IngestServerOptions): Promise<IngestServer> {
    const server = new IngestServer(options);
    const ports = [options.port, options.tls?.port ?? 0];
    for (const [index, one] of server.#servers.entries()) {
      await new Promise<void>((resolve, reject) => {
        one.once('error', reject);
        one.listen(ports[index] ?? 0, options.host, () => {
          one.off('error', reject);
          one.on('error', (error) => options.log('the ingest has a fault', { error: error.message }));
          resolve();
        });
      });
    }
    return server;
  }

  /** Where it listens: of RTMP, then of RTMPS. */
  get ports(): readonly number[] {
    return this.#servers.map((server) => {
      const address = server.address();
      return typeof address === 'object' && address ? address.port : 0;
    });
  }

  async close(): Promise<void> {
    const closed = this.#servers.map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(closed);
  }

  #admit(socket: Socket): void {
    const from = socket.remoteAddress ?? '';
    const strangers = (this.#strangers.get(from) ?? 0) + 1;
    if (strangers > maxStrangers) {
      socket.destroy();
      return;
    }
    this.#strangers.set(from, strangers);
    this.#sockets.add(socket);
    const { desk, clock, log } = this.#options;
    const known = () => {
      const left = (this.#strangers.get(from) ?? 1) - 1;
      if (left > 0) this.#strangers.set(from, left);
      else this.#strangers.delete(from);
    };
    let counted = true;
    new PublisherConnection({
      socket,
      desk,
      clock,
      log,
      address: `rtmp from ${from}`,
      onPublishing: () => {
        if (counted) known();
        counted = false;
      },
    });
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (counted) known();
      counted = false;
    });
  }
}
