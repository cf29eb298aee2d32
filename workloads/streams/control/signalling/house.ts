import type { BacklotError, Clock, ErrorKind, Language } from '@backlot/contract';
import type { Logger } from 'pino';
import { type CloseCode, closeCodes, type PeerConnectionOptions } from '../../contract.ts';
import type { Instances, Sessions } from '../ports.ts';
import type { SignallingCounters } from './counters.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { SignallingLimits } from './limits.ts';
import type { Stage } from './stage.ts';
import type { Turnstile } from './turnstile.ts';

/** What a peer connection is made with, with fresh credentials for `user`. */
export type PeerOptions = (peer: {
  readonly side: 'player' | 'streamer';
  readonly user: string;
  readonly relayOnly: boolean;
}) => PeerConnectionOptions;

/** What every socket of signalling needs of the whole. */
export interface House {
  readonly clock: Clock;
  readonly log: Logger;
  readonly limits: SignallingLimits;
  readonly counters: SignallingCounters;
  readonly heartbeat: Heartbeat;
  readonly turnstile: Turnstile;
  readonly sessions: Sessions;
  readonly instances: Instances;
  /** The stage of an instance, made when there is none yet. */
  stage(instanceId: string): Stage;
  peerOptions: PeerOptions;
  /** Message types that the engine of an app has refused (4001), so that it isn't sent them again. */
  refusedBy(appId: string): Set<string>;
}

/** The close code of an error that ends a socket. */
export function closeCodeOf(kind: ErrorKind): CloseCode {
  if (kind.retryable) return closeCodes.later;
  return kind.status >= 500 ? closeCodes.fault : closeCodes.refused;
}

/** A sentence in the reader's language and what a program reads. */
export function wordsOf(error: BacklotError, language: Language) {
  return { code: error.code, message: error.sentence(language), params: error.params };
}
