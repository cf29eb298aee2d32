import type { Call } from '@backlot/contract';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import type { Kernel } from '@backlot/control/workload';
import { describe, expect, it } from 'vitest';
import { wholeAnswers } from '../control/rooms/place/whole-answers.ts';
import { LongAnswers } from '../node/media/calls/long-answers.ts';

/** A node on whose link every answer goes as its JSON, with what went. */
function hostThatSays(data: unknown) {
  const long = new LongAnswers();
  const sent: number[] = [];
  const answer = ({ method, payload }: Call) => {
    if (method === 'rooms.answerPart') {
      const { id, part } = payload as { id: string; part: number };
      return { ok: true, data: { text: long.part(id, part) } };
    }
    const parts = long.keep(data);
    return parts ? { ok: true, data: null, parts } : { ok: true, data };
  };
  const nodes = {
    call: async (_nodeId: string, call: Call) => {
      const text = JSON.stringify(answer(call));
      sent.push(Buffer.byteLength(text));
      return JSON.parse(text) as unknown;
    },
  };
  const kernel = wholeAnswers({ nodes } as unknown as Kernel);
  const ask = () =>
    kernel.nodes.call('node', { allocation: 'a', method: 'rooms.describe', payload: {}, deadlineMs: 1_000 });
  return { ask, sent, long };
}

describe('what a media host answers', () => {
  it('comes whole from a room of 500, in messages that the link takes', async () => {
    const consumers = Array.from({ length: 500 * 20 }, (_, index) => ({
      consumerId: `${index}`.padStart(36, '0'),
      producerId: `${index % 20}`.padStart(36, '0'),
      owner: `viewer "${index % 500}" 观众 🎬`,
      score: { score: 10, producerScore: 10, producerScores: [0, 10, 10] },
    }));
    const { ask, sent } = hostThatSays({ consumers });
    expect(await ask()).toEqual({ ok: true, data: { consumers } });
    expect(sent.reduce((sum, bytes) => sum + bytes)).toBeGreaterThan(linkMaxBytes);
    expect(Math.max(...sent)).toBeLessThan(linkMaxBytes);
  });

  it('stays below the limit whatever the text is made of', async () => {
    for (const character of ['"', '\\', '\u0001', '界', '🎬']) {
      const text = character.repeat(400_000);
      const { ask, sent } = hostThatSays({ text });
      expect(await ask()).toEqual({ ok: true, data: { text } });
      expect(Math.max(...sent)).toBeLessThan(linkMaxBytes);
    }
  });

  it('is passed on as it is when it is short, and forgotten when it was had or is old', async () => {
    const short = hostThatSays({ seq: 1 });
    expect(await short.ask()).toEqual({ ok: true, data: { seq: 1 } });
    expect(short.sent).toHaveLength(1);
    const { long } = hostThatSays(null);
    const first = long.keep('x'.repeat(300_000));
    if (!first) throw new Error('it was not long');
    expect(long.part(first.id, 0)).toHaveLength(200_000);
    long.part(first.id, 1);
    expect(() => long.part(first.id, 0)).toThrow();
    const old = long.keep('x'.repeat(300_000));
    for (let n = 0; n < 4; n += 1) long.keep('x'.repeat(300_000));
    expect(() => long.part(old?.id ?? '', 0)).toThrow();
  });
});
