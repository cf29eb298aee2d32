import { noTracer, type Tracer } from '@backlot/contract/trace/tracer';
import { tracingSettings } from './settings.ts';

export interface TracerOptions {
  /** The process: `backlot-control`, `backlot-node`, the kind of a host. */
  readonly service: string;
  readonly version?: string;
  /** More about the process: its node, its replica. */
  readonly attributes?: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * The tracer of this process. OpenTelemetry is loaded only where an address for traces is set; else this costs nothing.
 * Whatever goes wrong, the work goes on without traces.
 */
export async function openTracer({ env, ...process }: TracerOptions): Promise<Tracer> {
  const settings = tracingSettings(env);
  if (!settings) return noTracer;
  const { createOtlpTracer } = await import('./otlp-tracer.ts');
  return createOtlpTracer({ ...settings, ...process });
}
