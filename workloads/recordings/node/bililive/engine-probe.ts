import type { Capability } from '@backlot/contract';
import type { CapabilityProbe } from '@backlot/node/workload';
import { ENGINE } from '../../contract.ts';
import { RecorderApi } from './recorder-api.ts';
import { type EngineSettings, readEngineSettings } from './settings.ts';

const askMs = 30_000;

/** A BililiveRecorder, proved by asking for its version: the one that runs, or the program that we would start. */
export const engineProbe: CapabilityProbe = {
  name: ENGINE,
  // One that runs elsewhere comes and goes without a file that tells: it is asked each time.
  async fingerprint({ env }) {
    const settings = read(env);
    return settings?.binary ? [settings.binary] : [];
  },
  async probe({ env, run, scratch, log, signal }) {
    const settings = read(env);
    if (!settings) return [];
    const version =
      settings.binary === null
        ? await new RecorderApi({ ...settings, url: settings.url ?? '', signal })
            .version()
            .catch(() => undefined)
        : await run([settings.binary, '--version'], {
            timeoutMs: askMs,
            signal,
            env: { PATH: env.PATH ?? '', HOME: scratch },
          }).then(({ code, stdout }) =>
            code === 0 ? stdout.toString('utf8').trim().slice(0, 100) : undefined,
          );
    if (version === undefined) {
      log.warn('BililiveRecorder is configured, and did not tell its version');
      return [];
    }
    const number = /\d+(\.\d+)+/.exec(version)?.[0];
    const capability: Capability = {
      name: ENGINE,
      features: [settings.binary === null ? 'external' : 'managed'],
      details: {},
      proof: `told its version: ${version}`,
      provedAt: new Date().toISOString(),
      ...(number === undefined ? {} : { version: number }),
    };
    return [capability];
  },
};

function read(env: Readonly<Record<string, string | undefined>>): EngineSettings | undefined {
  try {
    return readEngineSettings(env);
  } catch {
    return undefined;
  }
}
