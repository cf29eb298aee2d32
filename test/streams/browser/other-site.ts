import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A page of somebody else's: another site to the browser, on the same machine. */
export interface OtherSite {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves a page and its script at `localhost`, which to a browser is another site than `127.0.0.1`. A made-up name on the
 * internet would not do: browsers keep pages of the internet away from loopback.
 */
export async function startOtherSite(html: string, script = ''): Promise<OtherSite> {
  const server = createServer((request, response) => {
    const isScript = request.url?.startsWith('/player.js') ?? false;
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(isScript ? script : `<!doctype html>${html}`);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
