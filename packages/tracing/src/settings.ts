/** Where traces go, and how they are marked. */
export interface TracingSettings {
  /** The collector's address for traces (OTLP over HTTP, JSON): `http://127.0.0.1:4318/v1/traces`. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** The variables by which traces are switched on; ours wins. A host is handed what its agent was started with. */
export const tracingVariables = [
  'BACKLOT_OTLP_URL',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_HEADERS',
  'OTEL_SDK_DISABLED',
] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where traces go by the environment; undefined: nowhere, which is the usual case. `BACKLOT_OTLP_URL` and
 * `OTEL_EXPORTER_OTLP_ENDPOINT` name a collector, to which `/v1/traces` is added unless it is there;
 * `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` is taken as it stands (OpenTelemetry's specification of these variables). An
 * address that is none counts as not set: tracing never keeps a process from starting.
 */
export function tracingSettings(env: Environment): TracingSettings | undefined {
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return undefined;
  const url =
    withPath(env.BACKLOT_OTLP_URL) ??
    address(env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) ??
    withPath(env.OTEL_EXPORTER_OTLP_ENDPOINT);
  return url === undefined ? undefined : { url, headers: readHeaders(env.OTEL_EXPORTER_OTLP_HEADERS) };
}

/** Those of the variables that are set, for a child process. */
export function tracingEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(
    tracingVariables.flatMap((name) => (env[name] ? [[name, env[name]] as const] : [])),
  );
}

const tracesPath = '/v1/traces';

function withPath(text: string | undefined): string | undefined {
  const base = address(text)?.replace(/\/+$/, '');
  return base === undefined || base.endsWith(tracesPath) ? base : `${base}${tracesPath}`;
}

function address(text: string | undefined): string | undefined {
  const trimmed = text?.trim() ?? '';
  if (!URL.canParse(trimmed)) return undefined;
  return /^https?:$/.test(new URL(trimmed).protocol) ? trimmed : undefined;
}

/** `key=value,key=value`, values percent-encoded (W3C Baggage). What is malformed is left out. */
function readHeaders(text: string | undefined): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const pair of (text ?? '').split(',')) {
    const [, name, value] = /^\s*([\w-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    if (name === undefined || value === undefined) continue;
    try {
      headers[name] = decodeURIComponent(value);
    } catch {}
  }
  return headers;
}
