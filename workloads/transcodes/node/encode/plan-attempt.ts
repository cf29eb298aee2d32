import { type Capability, compareVersions } from '@backlot/contract';
import type { EncoderFamily, HowMade, TranscodeSettings } from '../../contract.ts';

/** What an attempt is to do. */
export interface AttemptPlan {
  readonly how: HowMade;
  /** Null copies packets. */
  readonly family: EncoderFamily | null;
}

/**
 * The first attempt does what was asked. The second leaves hardware alone. The third keeps the packets as they are, if
 * that is wanted: a broadcast that can't be encoded is still worth having.
 *
 * @param attempt charged attempts, this one among them
 */
export function planAttempt(settings: TranscodeSettings, attempt: number): AttemptPlan {
  if (settings.rate.mode === 'copy') return { how: 'asked', family: null };
  if (attempt >= 3 && settings.fallback === 'remux') return { how: 'remux', family: null };
  if (attempt >= 2 && settings.encoder !== 'software') return { how: 'software', family: 'software' };
  return { how: 'asked', family: settings.encoder };
}

/** Features of ffmpeg without which a plan can't be carried out on a node. */
export function lackingFeature(
  capabilities: readonly Capability[],
  wanted: readonly string[],
): string | undefined {
  const ffmpeg = capabilities.find(({ name }) => name === 'ffmpeg');
  if (!ffmpeg) return 'ffmpeg';
  return wanted.find((feature) => !ffmpeg.features.includes(feature));
}

/** Whether the node's ffmpeg knows `-fps_mode`; a build without a version number is a recent one. */
export function knowsFpsMode(capabilities: readonly Capability[]): boolean {
  const version = capabilities.find(({ name }) => name === 'ffmpeg')?.version;
  return version === undefined || compareVersions(version, '5.1') >= 0;
}
