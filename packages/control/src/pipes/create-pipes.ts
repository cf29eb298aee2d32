import { randomBytes } from 'node:crypto';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { artifactErrors, BacklotError, type Clock } from '@backlot/contract';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Pipe, Pipes } from '../kernel.ts';
import type { App } from '../workload.ts';

export interface PipesRoom extends Pipes {
  /** Pipes that nobody has closed, for tests. */
  readonly open_: number;
  routes(app: App): void;
  /** Breaks off what is on its way. */
  close(): void;
}

/** Bytes between the two ends. More is not read from the sender before the reader has taken some. */
const BUFFER_BYTES = 256 * 1024;

interface Waiting {
  readonly timeoutMs: number;
  readonly arrived: (body: PassThrough) => void;
  readonly fail: (reason: string) => void;
}

/**
 * Pipes through this control process. A ticket is 32 random bytes and works once; the sender's request is answered when
 * the reader has the last byte (204), or has had enough (200).
 */
export function createPipes(clock: Clock): PipesRoom {
  const waiting = new Map<string, Waiting>();
  const flowing = new Set<PassThrough>();

  return {
    get open_() {
      return waiting.size + flowing.size;
    },

    open({ timeoutMs, signal }) {
      const ticket = randomBytes(32).toString('base64url');
      const { promise: body, resolve, reject } = Promise.withResolvers<Readable>();
      // Whoever closes it without waiting for the bytes must not end the process.
      body.catch(() => undefined);
      let stream: PassThrough | undefined;
      const settle = () => {
        cancel();
        waiting.delete(ticket);
      };
      const fail = (reason: string) => {
        settle();
        const error = new BacklotError(artifactErrors.pipe_broken, { params: { reason } });
        reject(error);
        stream?.destroy(error);
      };
      const cancel = clock.after(timeoutMs, () => fail('nobody sent them in time'));
      const close = () => {
        signal?.removeEventListener('abort', close);
        fail('nobody reads them');
      };
      waiting.set(ticket, {
        timeoutMs,
        fail,
        arrived: (arrived) => {
          settle();
          stream = arrived;
          arrived.once('close', () => signal?.removeEventListener('abort', close));
          resolve(arrived);
        },
      });
      signal?.addEventListener('abort', close, { once: true });
      if (signal?.aborted) close();
      return { url: `/api/v1/node/pipes/${ticket}`, body, close } satisfies Pipe;
    },

    routes(app) {
      app.register(async (scope) => {
        scope.removeAllContentTypeParsers();
        // The bytes stay in the socket until somebody reads them.
        scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
        scope.withTypeProvider<ZodTypeProvider>().post(
          '/api/v1/node/pipes/:ticket',
          {
            // The ticket is the proof: 256 bits, used once, known to one node.
            config: { access: { kind: 'public' }, audited: 'by-handler', stream: true, secretPath: true },
            schema: {
              summary: 'Sends bytes to whoever in the control plane waits for them.',
              params: z.object({ ticket: z.string().max(100) }),
              response: { 200: z.null(), 204: z.null() },
            },
          },
          async (request, reply) => {
            const { raw } = request;
            const one = waiting.get(request.params.ticket);
            if (!one) {
              // The rest of a refused body must not be taken for the next request.
              reply.header('connection', 'close');
              throw new BacklotError(artifactErrors.pipe_not_here);
            }
            const stream = new PassThrough({ highWaterMark: BUFFER_BYTES });
            flowing.add(stream);
            one.arrived(stream);
            const watch = watchStall(stream, one.timeoutMs, clock);
            try {
              await pipeline(raw, stream, { end: true });
              await drained(stream);
              return await reply.code(204).send(null);
            } catch {
              if (!raw.readableEnded) reply.header('connection', 'close');
              return await reply.code(200).send(null);
            } finally {
              watch();
              flowing.delete(stream);
            }
          },
        );
      });
    },

    close() {
      for (const { fail } of waiting.values()) fail('the control plane closes');
      for (const stream of flowing) stream.destroy();
    },
  };
}

/** Ends a stream into which nothing comes although there is room. @returns what ends the watch */
function watchStall(stream: PassThrough, timeoutMs: number, clock: Clock): () => void {
  let moved = true;
  let cancel = () => {};
  const write = stream.write.bind(stream);
  // Every piece that comes, whether or not anybody reads just now.
  stream.write = ((...args: Parameters<typeof write>) => {
    moved = true;
    return write(...args);
  }) as typeof stream.write;
  const look = () => {
    cancel = clock.after(timeoutMs, () => {
      if (stream.destroyed || stream.writableEnded) return;
      if (!moved && !stream.writableNeedDrain) {
        const params = { reason: 'nothing came for too long' };
        stream.destroy(new BacklotError(artifactErrors.pipe_broken, { params }));
        return;
      }
      moved = false;
      look();
    });
  };
  look();
  return () => cancel();
}

/** Resolves when the reader has the last byte; rejects when it has gone before. */
function drained(stream: PassThrough): Promise<void> {
  if (stream.readableEnded) return Promise.resolve();
  return new Promise((resolve, reject) => {
    stream.once('end', resolve);
    stream.once('close', () => reject(new Error('The reader has gone.')));
  });
}
