import { constants } from 'node:os';
import type { Failure, Offer } from '@backlot/contract';
import type { ExitFacts } from '@backlot/node/workload';
import { type TranscodeSettings, transcodeFailure } from '../../contract.ts';
import { encoderOf } from './encoders.ts';
import type { AttemptPlan } from './plan-attempt.ts';

/** Words of ffmpeg that mean that a device or its driver is at fault. */
const hardwareTrouble =
  /No capable devices found|Cannot load (libcuda|libnvcuvid|nvEncodeAPI)|OpenEncodeSessionEx failed|Error initializing (an internal MFX|the encoder)|No VA display|Failed to initiali[sz]e VAAPI|Device creation failed|No device available/i;
/** Words that mean that the source is at fault, whatever is tried. */
const sourceTrouble =
  /Invalid data found when processing input|moov atom not found|could not find codec parameters/i;
const containerTrouble =
  /Could not find tag for codec|not currently supported in container|codec not currently supported|incorrect codec parameters/i;
const diskTrouble = /No space left on device/i;

/** How a sandbox and our own runner of passes tell that their child was ended by SIGKILL: 128 and the signal's number. */
const KILLED = 128 + constants.signals.SIGKILL;

/** Why an ffmpeg that did not end well did not, from how it ended and its last words. Pure. */
export function classifyEnding(input: {
  readonly exit: ExitFacts;
  /** The end of its standard error. */
  readonly log: string;
  readonly settings: TranscodeSettings;
  readonly plan: AttemptPlan;
  readonly offer: Pick<Offer, 'resources' | 'limits' | 'attempt'>;
}): Failure {
  const { exit, log, settings, plan, offer } = input;
  const excerpt = log.slice(-4_000);
  const more = excerpt === '' ? {} : { excerpt };
  if (exit.cause === 'oom') {
    const limit = Math.round(offer.resources.memory / 1024 ** 2);
    return transcodeFailure('memory', 'transcodes.memory', { limit }, more);
  }
  if (exit.cause === 'timeout' || exit.cause === 'silence') {
    const ms = exit.cause === 'silence' ? offer.limits.silenceMs : offer.limits.wallMs;
    return transcodeFailure('stall', 'transcodes.stalled', { seconds: Math.round((ms ?? 0) / 1000) }, more);
  }
  // Neither we nor the limit of memory sent it, and no program ends itself with it: somebody outside did. That says nothing
  // about this film, and must not bring it nearer to an attempt that does less.
  if (exit.signal === 'SIGKILL' || exit.code === KILLED) {
    return transcodeFailure('node', 'transcodes.killed', {}, more);
  }
  const detail = lastWords(log) || (exit.signal ?? `exit code ${exit.code}`);
  if (diskTrouble.test(log)) return transcodeFailure('node', 'transcodes.disk_full', {}, more);
  if (plan.family !== null && plan.family !== 'software' && hardwareTrouble.test(log)) {
    const encoder = encoderOf(plan.family, settings.codec);
    return transcodeFailure('crash', 'transcodes.hardware', { encoder, detail }, { ...more, cause: encoder });
  }
  if (containerTrouble.test(log)) {
    const { container } = settings;
    return transcodeFailure(
      'input',
      'transcodes.container',
      { container, detail },
      { ...more, cause: container },
    );
  }
  if (sourceTrouble.test(log)) {
    return transcodeFailure('input', 'transcodes.unreadable', { detail }, { ...more, cause: 'source' });
  }
  return transcodeFailure(
    exit.cause === 'spawn-failed' ? 'node' : 'crash',
    'transcodes.ffmpeg_failed',
    { detail },
    // The third attempt does something else: what two have in common must not keep it from being made.
    { ...more, cause: `${exit.signal ?? exit.code}, attempt ${offer.attempt}` },
  );
}

/** The last line that says something; addresses of memory and paths of ours say nothing. */
function lastWords(log: string): string {
  const lines = log
    .split('\n')
    .map((line) =>
      line
        .replace(/^\[[^\]]*\] /, '')
        .replace(/^file:\S+: /, '')
        .trim(),
    )
    .filter((line) => line !== '' && !/^Conversion failed!$/.test(line));
  return lines.at(-1)?.slice(0, 200) ?? '';
}
