import type { RoomDescription } from '../../contract/media/calls.ts';

/** What one participant has in the media host, in the numbers that a person looks at. */
export interface PersonMedia {
  /** Best score of what is sent, 0..10; null when nothing is. */
  readonly sent: number | null;
  /** Mean score of what is received. */
  readonly received: number | null;
  readonly receives: number;
  /** Indexes of the workers that carry them. */
  readonly workers: readonly number[];
  /** False while ICE or DTLS of a transport is not there. */
  readonly connected: boolean;
}

/** By identity. Pure. */
export function mediaByPerson(media: RoomDescription): ReadonlyMap<string, PersonMedia> {
  const people = new Set(media.transports.map(({ owner }) => owner));
  return new Map([...people].map((owner) => [owner, mediaOf(media, owner)]));
}

function mediaOf(media: RoomDescription, owner: string): PersonMedia {
  const transports = media.transports.filter((one) => one.owner === owner);
  const sent = media.producers
    .filter((one) => one.owner === owner && !one.paused)
    .map(({ score }) => (score.length === 0 ? null : Math.max(...score.map((entry) => entry.score))))
    .filter((score) => score !== null);
  const received = media.consumers.filter((one) => one.owner === owner && !one.paused && !one.producerPaused);
  return {
    sent: sent.length === 0 ? null : Math.min(...sent),
    received:
      received.length === 0
        ? null
        : received.reduce((sum, { score }) => sum + score.score, 0) / received.length,
    receives: received.length,
    workers: [...new Set(transports.map(({ worker }) => worker))].sort((a, b) => a - b),
    connected: transports.every(
      ({ iceState, dtlsState }) =>
        (iceState === undefined || iceState === 'connected' || iceState === 'completed') &&
        (dtlsState === undefined || dtlsState === 'connected'),
    ),
  };
}

export function toneOfScore(score: number | null): 'good' | 'fair' | 'poor' {
  return score === null || score >= 8 ? 'good' : score >= 5 ? 'fair' : 'poor';
}

/** Values of the last minutes, for small curves. */
export interface ScoreHistory {
  readonly sent: readonly (number | null)[];
  readonly received: readonly (number | null)[];
}

/** With one more reading; whoever has left is forgotten. Pure. */
export function withReading(
  history: ReadonlyMap<string, ScoreHistory>,
  now: ReadonlyMap<string, PersonMedia>,
  length: number,
): ReadonlyMap<string, ScoreHistory> {
  return new Map(
    [...now].map(([identity, { sent, received }]) => {
      const before = history.get(identity) ?? { sent: [], received: [] };
      return [
        identity,
        {
          sent: [...before.sent, sent].slice(-length),
          received: [...before.received, received].slice(-length),
        },
      ];
    }),
  );
}
