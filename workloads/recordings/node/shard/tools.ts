import type { Capability } from '@backlot/contract';
import { ffmpegTool } from '@backlot/node/workload';

/** Names of environment variables that a shard may know: settings of the operator, and the tools that were proved here. */
const passed = /^(BACKLOT_|PATH$|SSL_CERT_|NODE_EXTRA_CA_CERTS$|LANG$)/;

/** The environment of a shard: nothing of the agent's but what is named here. */
export function toolVariables(
  capabilities: readonly Capability[],
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(env))
    if (value !== undefined && passed.test(name) && !/TOKEN|SECRET|DATABASE|PASS/.test(name))
      variables[name] = value;
  const ffmpeg = ffmpegTool(capabilities, 'ffmpeg');
  if (ffmpeg !== undefined) variables.BACKLOT_FFMPEG = ffmpeg;
  // The same resolvers as were found, not whichever comes first on another path.
  for (const [name, variable] of [
    ['streamlink', 'BACKLOT_STREAMLINK'],
    ['yt-dlp', 'BACKLOT_YT_DLP'],
  ] as const) {
    const path = capabilities.find((capability) => capability.name === name)?.details.path;
    if (typeof path === 'string') variables[variable] = path;
  }
  return variables;
}
