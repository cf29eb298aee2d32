import { BacklotError } from '@backlot/contract/errors/catalogue';
import { cliErrors } from '@backlot/contract/errors/cli';
import { durationMs } from '@backlot/contract/flow/duration';
import type { ControlConfig } from '@backlot/control';
import type { ControlSettings } from '../config/control-settings.ts';
import { envKey } from '../config/setting.ts';

/**
 * The settings of an installation as the control plane takes them.
 * @throws settings_incomplete
 */
export function controlConfig(settings: ControlSettings): ControlConfig {
  const { host, port, publicUrl, dataDir, adminToken, trustedProxies, natsUrl, openMode } = settings;
  const s3 = s3Location(settings);
  return {
    host,
    port,
    dataDir,
    publicUrl,
    adminToken,
    ...(natsUrl === undefined ? {} : { natsUrl }),
    ...(s3 === undefined ? {} : { s3 }),
    ...(settings.turnUrls.length === 0 ? {} : { turn: turnServers(settings) }),
    ...(openMode === undefined ? {} : { openMode }),
    ...(trustedProxies.length === 0 ? {} : { trustedProxies }),
    runsElsewhereAfterMs: durationMs(settings.runsElsewhereAfter),
  };
}

/** Without a secret there are no credentials, which a TURN server hardly ever takes; a STUN server needs none. */
function turnServers({ turnUrls, turnSecret }: ControlSettings): NonNullable<ControlConfig['turn']> {
  if (turnSecret === undefined && turnUrls.some((url) => /^turns?:/i.test(url))) {
    throw incomplete('turnUrls', 'turnSecret');
  }
  return { urls: turnUrls, secret: turnSecret ?? null };
}

function s3Location(settings: ControlSettings): ControlConfig['s3'] {
  const { s3Bucket, s3Endpoint, s3Region, s3AccessKey, s3SecretKey } = settings;
  if (s3Bucket === undefined) {
    if (s3Endpoint !== undefined) throw incomplete('s3Endpoint', 's3Bucket');
    return undefined;
  }
  if (s3AccessKey === undefined) throw incomplete('s3Bucket', 's3AccessKey');
  if (s3SecretKey === undefined) throw incomplete('s3Bucket', 's3SecretKey');
  return {
    bucket: s3Bucket,
    endpoint: s3Endpoint ?? `https://s3.${s3Region}.amazonaws.com`,
    region: s3Region,
    accessKey: s3AccessKey,
    secretKey: s3SecretKey,
  };
}

function incomplete(key: string, missing: string): BacklotError {
  return new BacklotError(cliErrors.settings_incomplete, {
    params: { key: envKey(key), missing: envKey(missing) },
  });
}
