import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

/**
 * A port on loopback that is free now. Another program could take it before the application does, which then says so
 * itself; ports are handed out in turn by the system, so that takes thousands of them in a second.
 */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
