import { describe, expect, it } from 'vitest';
import type { RoomDescription } from '../../contract/media/calls.ts';
import { linesOf } from '../parts/spark.tsx';
import { mediaByPerson, toneOfScore, withReading } from './media-view.ts';
import { rateOf } from './rate-of.ts';

const transport = (owner: string, worker: number, more: object = {}) => ({
  transportId: `${owner}-${worker}`,
  owner,
  type: 'webrtc',
  direction: 'send',
  worker,
  iceState: 'completed',
  dtlsState: 'connected',
  throttled: false,
  appData: {},
  ...more,
});
const producer = (owner: string, scores: readonly number[], paused = false) => ({
  owner,
  paused,
  score: scores.map((score, encodingIdx) => ({ encodingIdx, ssrc: 1, score })),
});
const consumer = (owner: string, score: number, more: object = {}) => ({
  owner,
  paused: false,
  producerPaused: false,
  score: { score, producerScore: 10, producerScores: [] },
  ...more,
});
const room = (parts: object): RoomDescription =>
  ({ transports: [], producers: [], consumers: [], ...parts }) as unknown as RoomDescription;

describe('the media of people', () => {
  it('is the worst track that they send, the mean that they receive, and where it runs', () => {
    const people = mediaByPerson(
      room({
        transports: [
          transport('ada', 1),
          transport('ada', 0),
          transport('bo', 0, { iceState: 'disconnected' }),
        ],
        producers: [producer('ada', [2, 9]), producer('ada', [7]), producer('ada', [0], true)],
        consumers: [consumer('bo', 10), consumer('bo', 5), consumer('bo', 0, { paused: true })],
      }),
    );
    expect(people.get('ada')).toEqual({
      sent: 7,
      received: null,
      receives: 0,
      workers: [0, 1],
      connected: true,
    });
    expect(people.get('bo')).toMatchObject({ sent: null, received: 7.5, receives: 2, connected: false });
  });

  it('is remembered as long as the curve is, and forgotten with whoever leaves', () => {
    const now = (sent: number) =>
      mediaByPerson(room({ transports: [transport('ada', 0)], producers: [producer('ada', [sent])] }));
    let history = withReading(new Map(), now(1), 2);
    for (const sent of [2, 3]) history = withReading(history, now(sent), 2);
    expect(history.get('ada')?.sent).toEqual([2, 3]);
    expect(withReading(history, new Map(), 2).size).toBe(0);
  });

  it.each([
    [null, 'good'],
    [8, 'good'],
    [7.9, 'fair'],
    [4.9, 'poor'],
  ] as const)('a score of %s is %s', (score, tone) => {
    expect(toneOfScore(score)).toBe(tone);
  });

  it('has holes in its curve where nothing was measured, and begins at the right', () => {
    expect(linesOf([10, 10, null, 0, 0], 10, 5)).toHaveLength(2);
    expect(linesOf([null, null], 10, 5)).toEqual([]);
    const [line = ''] = linesOf([0, 10], 10, 5);
    expect(line.split(' ').map((point) => Number(point.split(',')[0]))).toEqual([48, 64]);
  });

  it('adds up the rates of all streams', () => {
    const objects = [
      {
        stats: [
          { type: 'inbound-rtp', bitrate: 100 },
          { type: 'transport', bitrate: 999 },
        ],
      },
      { stats: [{ type: 'inbound-rtp', bitrate: 50 }] },
    ];
    expect(rateOf(objects, 'inbound-rtp')).toBe(150);
    expect(rateOf(objects, 'outbound-rtp')).toBeNull();
  });
});
