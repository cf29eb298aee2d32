import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RecorderEvent, readWebhook } from '../../contract.ts';

const mostBytes = 64 * 1024;
/** The mark by which our own address is found among the recorder's webhooks, also one of a process that is gone. */
export const hintMark = '/backlot-hint/';

/**
 * Where the recorder of this node sends its webhooks: an address on the loopback with a secret in it. They are hints, that it is
 * worth looking now; what is true is found by looking.
 */
export class Hints {
  readonly #server: Server;
  readonly url: string;

  private constructor(server: Server, url: string) {
    this.#server = server;
    this.url = url;
  }

  static async open(heard: (event: RecorderEvent) => void): Promise<Hints> {
    const path = `${hintMark}${randomBytes(16).toString('hex')}`;
    const server = createServer((request, response) => {
      const refuse = (status: number): void => {
        response.statusCode = status;
        response.end();
      };
      if (request.method !== 'POST' || request.url !== path) return refuse(404);
      const pieces: Buffer[] = [];
      let size = 0;
      request.on('error', () => response.destroy());
      request.on('data', (piece: Buffer) => {
        size += piece.length;
        if (size > mostBytes) request.destroy();
        else pieces.push(piece);
      });
      request.on('end', () => {
        try {
          const read = readWebhook(JSON.parse(Buffer.concat(pieces).toString('utf8')));
          if (!read.ok) return refuse(422);
          if (read.event) heard(read.event);
          response.end('ok');
        } catch {
          refuse(400);
        }
      });
    });
    server.requestTimeout = 10_000;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    return new Hints(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** The recorder's list of webhooks (one in a line) with ours in it, once; those of people stay. Pure. */
export function withOurHook(list: unknown, ours: string): string {
  const others = (typeof list === 'string' ? list : '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.includes(hintMark));
  return [...others, ours].join('\n');
}
