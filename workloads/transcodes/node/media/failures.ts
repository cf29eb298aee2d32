import type { Capability, Failure, Offer } from '@backlot/contract';
import { type Conclusion, type ExitFacts, TaskFailure } from '@backlot/node/workload';
import { TranscodeSettings, transcodeFailure } from '../../contract.ts';
import { classifyEnding } from '../encode/classify-ending.ts';
import { lackingFeature } from '../encode/plan-attempt.ts';
import type { Unreadable } from './look.ts';

/** Ends the attempt at no cost when this node's ffmpeg lacks something. @throws TaskFailure */
export function requireFfmpeg(capabilities: readonly Capability[], features: readonly string[]): void {
  const lacking = lackingFeature(capabilities, features);
  if (lacking === undefined) return;
  throw new TaskFailure(
    transcodeFailure('capability', 'transcodes.capability', { needs: lacking }, { cause: lacking }),
  );
}

const plainSettings = TranscodeSettings.parse({ rate: { mode: 'copy' } });

/** Why a run of ffmpeg or ffprobe that encodes no film did not end well. */
export function failureOfRun(
  exit: ExitFacts,
  log: string,
  offer: Pick<Offer, 'resources' | 'limits' | 'attempt'>,
  container = plainSettings.container,
): Failure {
  const plan = { how: 'asked', family: null } as const;
  return classifyEnding({ exit, log, settings: { ...plainSettings, container }, plan, offer });
}

/** The source is no film, whatever is tried. */
export function unreadable({ message }: Unreadable): Conclusion {
  return {
    outcome: 'failed',
    failure: transcodeFailure('input', 'transcodes.unreadable', { detail: message }, { cause: 'source' }),
  };
}

/** What came out is not what was asked for; another attempt is worth it. */
export function wrongOutput(detail: string, attempt: number): Conclusion {
  return {
    outcome: 'failed',
    failure: transcodeFailure(
      'crash',
      'transcodes.wrong_output',
      { detail: detail.slice(0, 200) },
      // The same fault twice proves nothing about the next attempt.
      { cause: `attempt ${attempt}` },
    ),
  };
}
