import { BacklotError, type ErrorKind } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { languages, PhraseParams } from '@backlot/contract/phrase';
import { z } from 'zod';

/** What travels back: a value, or an error that keeps its code and sentences on the way between replicas. */
const Reply = z.union([
  z.object({ ok: z.literal(true), value: z.unknown() }),
  z.object({
    ok: z.literal(false),
    error: z.object({
      kind: z.object({
        code: z.string(),
        status: z.number().int(),
        retryable: z.boolean(),
        message: z.record(z.enum(languages), z.string()),
      }),
      params: PhraseParams,
      pointer: z.string().optional(),
      retryAfterS: z.number().optional(),
    }),
  }),
]);
export type Reply = z.infer<typeof Reply>;

/** The reply of a handler that has returned. */
export function success(value: unknown): Reply {
  return { ok: true, value };
}

/** The reply of a handler that has thrown. What is not one of our errors says nothing about its inside. */
export function failure(error: unknown): Reply {
  const known =
    error instanceof BacklotError
      ? error
      : new BacklotError(kernelErrors.internal, { params: { requestId: 'fabric' } });
  const kind: ErrorKind = known.kind;
  return {
    ok: false,
    error: {
      kind: { code: kind.code, status: kind.status, retryable: kind.retryable, message: { ...kind.message } },
      params: known.params,
      ...(known.pointer === undefined ? {} : { pointer: known.pointer }),
      ...(known.retryAfterS === undefined ? {} : { retryAfterS: known.retryAfterS }),
    },
  };
}

/**
 * The value of a reply that arrived.
 *
 * @throws the handler's error
 */
export function unwrap(message: unknown): unknown {
  const reply = Reply.parse(message);
  if (reply.ok) return reply.value;
  const { kind, params, pointer, retryAfterS } = reply.error;
  throw new BacklotError(kind, {
    params,
    ...(pointer === undefined ? {} : { pointer }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  });
}
