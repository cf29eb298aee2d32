import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DemoCommand, readCommand } from './commands.ts';

/** The most that a request may hold, in bytes. */
const mostBytes = 16 * 1024;

export interface CommandServerOptions {
  readonly port: number;
  /** Answers JSON; nothing leaves the request without an answer, as an application that hangs would. */
  readonly obey: (command: DemoCommand) => unknown;
}

/**
 * Takes commands by HTTP on loopback: `POST /<command>` with JSON, `GET /state`. A POST must say that it is JSON, which
 * no page of another site can do without being asked first; a demo is not to be crashed by whoever surfs by.
 */
export async function openCommandServer({
  port,
  obey,
}: CommandServerOptions): Promise<{ port: number; close(): void }> {
  const server = createServer((request, response) => {
    answer(request, obey).then(
      ({ status, body }) => {
        if (body !== null) reply(response, status, body);
      },
      () => reply(response, 400, { ok: false }),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  obey: (command: DemoCommand) => unknown,
): Promise<{ status: number; body: unknown }> {
  const { pathname } = new URL(request.url ?? '/', 'http://127.0.0.1');
  const demo = pathname.slice(1);
  if (request.method === 'GET') {
    return demo === 'state' ? { status: 200, body: obey({ demo: 'state' }) } : notFound;
  }
  if (!request.headers['content-type']?.startsWith('application/json'))
    return { status: 415, body: { ok: false, message: 'Send JSON.' } };
  const text = await readBody(request);
  const command = readCommand({ ...(text === '' ? {} : (JSON.parse(text) as object)), demo });
  return command ? { status: 200, body: obey(command) } : notFound;
}

const notFound = { status: 404, body: { ok: false, message: 'There is no such command.' } };

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > mostBytes) throw new RangeError('Too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}
