import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** coturn, Debian's TURN server, on loopback: for tests of relayed paths. */
export interface Coturn {
  readonly port: number;
  /** `turn:127.0.0.1:<port>` over UDP, and the same over TCP. */
  readonly urls: readonly [udp: string, tcp: string];
  /** `turns:127.0.0.1:<port>`, where a certificate was given. */
  readonly tlsUrl: string | undefined;
  readonly secret: string;
  /** What it has written so far. */
  log(): string;
  close(): Promise<void>;
}

export interface CoturnOptions {
  readonly secret?: string;
  /** coturn never relays to loopback unless told; without, it grants addresses and forbids peers. */
  readonly allowLoopbackPeers?: boolean;
  /** Relays for anybody. */
  readonly withoutCredentials?: boolean;
  readonly certificate?: { readonly cert: string; readonly key: string };
  /** Allocations of one user at most. */
  readonly userQuota?: number;
}

export const hasCoturn = spawnSync('turnserver', ['--version'], { stdio: 'ignore' }).error === undefined;

/** Starts a server with ports and folder of its own. Whoever starts it closes it. */
export async function startCoturn(options: CoturnOptions = {}): Promise<Coturn> {
  const { secret = 'the-secret-of-tests', allowLoopbackPeers = true, certificate } = options;
  const folder = mkdtempSync(join(tmpdir(), 'backlot-coturn-'));
  const [port, tlsPort] = [await freePort(), await freePort()];
  const first = 20_000 + Math.floor(Math.random() * 25_000);
  const child: ChildProcess = spawn(
    'turnserver',
    [
      ...['-n', '--no-cli', '--no-dtls', '--no-multicast-peers', '--fingerprint', '--simple-log'],
      ...[
        '--log-file',
        'stdout',
        '--verbose',
        '--pidfile',
        join(folder, 'pid'),
        '--userdb',
        join(folder, 'db'),
      ],
      ...['--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--listening-port', String(port)],
      ...['--min-port', String(first), '--max-port', String(first + 500), '--realm', 'backlot.test'],
      ...(certificate
        ? ['--cert', certificate.cert, '--pkey', certificate.key, '--tls-listening-port', String(tlsPort)]
        : ['--no-tls']),
      ...(options.withoutCredentials ? ['--no-auth'] : ['--use-auth-secret', '--static-auth-secret', secret]),
      ...(allowLoopbackPeers ? ['--allow-loopback-peers'] : []),
      ...(options.userQuota === undefined ? [] : ['--user-quota', String(options.userQuota)]),
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder },
  );
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (data) => {
      text += String(data);
    });
  }
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    rmSync(folder, { recursive: true, force: true });
  };
  for (let tries = 0; !text.includes('Total General servers'); tries += 1) {
    if (child.exitCode !== null || tries > 400) {
      await close();
      throw new Error(`turnserver did not start:\n${text.slice(-2_000)}`);
    }
    await sleep(50);
  }
  return {
    port,
    secret,
    urls: [`turn:127.0.0.1:${port}`, `turn:127.0.0.1:${port}?transport=tcp`],
    tlsUrl: certificate ? `turns:127.0.0.1:${tlsPort}` : undefined,
    log: () => text,
    close,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}
