import { networkInterfaces } from 'node:os';

/** Where the ingest of a node listens. */
export interface IngestSettings {
  readonly host: string;
  readonly port: number;
  /** Where publishers reach it: `rtmp://host:port/live`, to which they add their key. */
  readonly server: string;
  readonly tls: { readonly port: number; readonly certFile: string; readonly keyFile: string } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** RTMP's registered port, and the one that platforms use for RTMPS. */
const defaultPort = 1_935;
const defaultTlsPort = 1_936;

/**
 * Settings from the node's environment: `BACKLOT_INGEST_HOST` (all addresses), `BACKLOT_INGEST_PORT` (1935),
 * `BACKLOT_INGEST_ANNOUNCED` (the name or address by which publishers reach this node), and for RTMPS `BACKLOT_INGEST_TLS_CERT`, `BACKLOT_INGEST_TLS_KEY` (PEM files) with `BACKLOT_INGEST_TLS_PORT` (1936).
 * @throws Error in a sentence that names the variable
 */
export function readIngestSettings(env: Environment, addresses = ownAddresses()): IngestSettings {
  const certFile = env.BACKLOT_INGEST_TLS_CERT || undefined;
  const keyFile = env.BACKLOT_INGEST_TLS_KEY || undefined;
  if ((certFile === undefined) !== (keyFile === undefined))
    throw new Error('RTMPS needs both BACKLOT_INGEST_TLS_CERT and BACKLOT_INGEST_TLS_KEY.');
  const host = env.BACKLOT_INGEST_HOST || '0.0.0.0';
  const port = portOf(env, 'BACKLOT_INGEST_PORT', defaultPort);
  const isWildcard = host === '0.0.0.0' || host === '::';
  const announced = env.BACKLOT_INGEST_ANNOUNCED || (isWildcard ? (addresses[0] ?? '127.0.0.1') : host);
  return {
    host,
    port,
    server: `rtmp://${announced.includes(':') ? `[${announced}]` : announced}:${port}/live`,
    tls:
      certFile && keyFile
        ? { port: portOf(env, 'BACKLOT_INGEST_TLS_PORT', defaultTlsPort), certFile, keyFile }
        : undefined,
  };
}

/** IPv4 addresses of this machine that others may reach. */
function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(
      ({ internal, family, address }) => !internal && family === 'IPv4' && !address.startsWith('169.254.'),
    )
    .map(({ address }) => address);
}

function portOf(env: Environment, name: string, otherwise: number): number {
  const text = env[name];
  if (text === undefined || text === '') return otherwise;
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new Error(`${name} must be a port, 1 to 65535.`);
  return port;
}
