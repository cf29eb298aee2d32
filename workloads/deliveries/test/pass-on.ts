import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Passes requests on to a server that works, but for what a test answers by itself. Bodies go on whole.
 * @param worse answers by itself and says so, or lets it pass
 */
export function passOn(
  to: { readonly endpoint: string },
  worse: (request: IncomingMessage, response: ServerResponse) => boolean,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.once('end', () => {
      if (worse(request, response)) return;
      const { method = 'GET', url: path = '/', headers } = request;
      const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(pieces);
      const { host: _host, connection: _connection, 'content-length': _length, ...rest } = headers;
      fetch(`${to.endpoint}${path}`, { method, headers: rest as Record<string, string>, body })
        .then(async (answer) => {
          const all = Buffer.from(await answer.arrayBuffer());
          const told = Object.fromEntries(answer.headers);
          delete told['transfer-encoding'];
          delete told.connection;
          if (response.hasHeader('date')) delete told.date;
          response.writeHead(answer.status, told).end(all);
        })
        .catch(() => response.destroy());
    });
  };
}
