import type { Kernel } from '@backlot/control/workload';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PreviewAnswer, watchMethods } from '../../contract/watch.ts';
import type { Channels } from './channels.ts';

/** A sender that pauses for so long has no picture any more. Milliseconds. */
const patienceMs = 15_000;

const mediaTypes = { flv: 'video/x-flv', ts: 'video/mp2t', fmp4: 'video/mp4' } as const;

/**
 * Passes live media on to one watcher: a pipe is opened, the recorder is told to post into it, and what comes goes out as it
 * is, as fast as it is read. The recorder leaves out what a slow watcher can't take; it never waits for one.
 */
export async function preview(
  kernel: Kernel,
  channels: Channels,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { id } = request.params as { id: string };
  const pipe = kernel.pipes.open({ timeoutMs: patienceMs });
  // The answer's end, not the request's: that one is over as soon as its (empty) body has been read.
  reply.raw.once('close', () => pipe.close());
  // Looked at below; until then its end is nobody's surprise.
  pipe.body.catch(() => undefined);
  try {
    const answer = PreviewAnswer.parse(await channels.call(id, watchMethods.preview, { url: pipe.url }));
    const body = await pipe.body;
    return await reply
      .header('cache-control', 'no-store')
      .header('x-accel-buffering', 'no')
      .type(mediaTypes[answer.container])
      .send(body);
  } catch (error) {
    pipe.close();
    throw error;
  }
}
