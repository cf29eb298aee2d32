import pino, { type DestinationStream, type Level, type Logger } from 'pino';

/** Where secrets may stand in what we log: headers, bodies, settings. The value is replaced, the key stays. */
const secretPaths = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'headers.authorization',
  'headers.cookie',
  'headers["set-cookie"]',
  'headers["x-csrf-token"]',
  'req.headers.authorization',
  'req.headers.cookie',
  'req.headers["x-csrf-token"]',
  'res.headers["set-cookie"]',
  'body.password',
  'body.current',
  'body.next',
  'body.token',
  'body.secret',
  '*.password',
  '*.secret',
  '*.token',
];

export interface LogOptions {
  readonly level: Level | 'silent';
  /** What this process is: `control`. */
  readonly name: string;
  /** Standard output when not given. */
  readonly destination?: DestinationStream;
}

/**
 * The log of a process: one JSON object per line, times as ISO 8601, secrets replaced by `[redacted]`. Addresses
 * are logged without their query string by the HTTP layer, because a query may hold a ticket.
 */
export function createLog(options: LogOptions): Logger {
  const settings: pino.LoggerOptions = {
    name: options.name,
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths: secretPaths, censor: '[redacted]' },
    formatters: { level: (label) => ({ level: label }) },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}
