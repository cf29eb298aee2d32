import { availableParallelism, networkInterfaces } from 'node:os';
import { MediaHostSettings } from '../../contract/media/settings.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** How a media host is told its settings, as JSON in its environment. */
export const settingsVariable = 'BACKLOT_ROOMS_SETTINGS';

/** Workers of a media host: as configured (`BACKLOT_ROOMS_WORKERS`), else one per core. */
export function workersWanted(env: Environment, cores = availableParallelism()): number {
  const wanted = Number(env.BACKLOT_ROOMS_WORKERS);
  return Number.isInteger(wanted) && wanted >= 1 && wanted <= 256 ? wanted : cores;
}

/**
 * Settings of this node's media host from the agent's environment: `BACKLOT_ROOMS_*`, else what the mediasoup demo calls the
 * same. Throws a `ZodError` that names what makes no sense.
 */
export function readMediaSettings(
  env: Environment,
  workerBin: string,
  { cores = availableParallelism(), addresses = ownAddresses() } = {},
): MediaHostSettings {
  const listenIp = env.BACKLOT_ROOMS_LISTEN_IP || env.MEDIASOUP_LISTEN_IP || '0.0.0.0';
  const announced = list(env.BACKLOT_ROOMS_ANNOUNCED || env.MEDIASOUP_ANNOUNCED_IP);
  const isWildcard = listenIp === '0.0.0.0' || listenIp === '::';
  return MediaHostSettings.parse({
    workerBin,
    workers: workersWanted(env, cores),
    listenIp,
    // A socket on all addresses must be announced by some; a machine without a network still has its loopback.
    announcedAddresses: announced.length > 0 ? announced : isWildcard ? [addresses[0] ?? '127.0.0.1'] : [],
    basePort: number(env.BACKLOT_ROOMS_PORT),
    enableTcp: env.BACKLOT_ROOMS_TCP === undefined ? undefined : env.BACKLOT_ROOMS_TCP !== 'false',
    dtlsCertificateFile: env.BACKLOT_ROOMS_DTLS_CERT || env.WORKER_CERT_FULLCHAIN || undefined,
    dtlsPrivateKeyFile: env.BACKLOT_ROOMS_DTLS_KEY || env.WORKER_CERT_PRIVKEY || undefined,
    logLevel: env.BACKLOT_ROOMS_LOG_LEVEL || undefined,
    logTags: env.BACKLOT_ROOMS_LOG_TAGS === undefined ? undefined : list(env.BACKLOT_ROOMS_LOG_TAGS),
    statusLogMs: number(env.BACKLOT_ROOMS_STATUS_LOG_MS),
  });
}

function list(text: string | undefined): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function number(text: string | undefined): number | undefined {
  return text === undefined || text === '' ? undefined : Number(text);
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
