import { UnreachableError } from '@backlot/sdk/errors';
import { describe, expect, it } from 'vitest';
import { readChat } from './read-chat.ts';

const line = (ms: number) => `${JSON.stringify({ ms, kind: 'message', user: 'mara', text: 'hello' })}\n`;

describe('reading a film’s chat', () => {
  it('takes what is longer than a page can hold to its limit, and lets go of the rest', async () => {
    let canceled = false;
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1_000;
        controller.enqueue(new TextEncoder().encode(line(sent).repeat(1_000)));
      },
      cancel() {
        canceled = true;
      },
    });
    const chat = await readChat(new Response(body));
    expect(chat).toMatchObject({ bad: 0, cut: true });
    expect(chat.lines).toHaveLength(100_000);
    expect(canceled).toBe(true);
  });

  it('says that it broke off instead of showing half of it as all', async () => {
    let first = true;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        if (first) controller.enqueue(new TextEncoder().encode(line(1)));
        else controller.error(new TypeError('network error'));
        first = false;
      },
    });
    await expect(readChat(new Response(body))).rejects.toBeInstanceOf(UnreachableError);
  });

  it('takes an answer without a body for an empty one', async () => {
    expect(await readChat(new Response(null))).toEqual({ lines: [], bad: 0, cut: false });
  });
});
