import { JoinAnswer, type JoinBody } from '@backlot/contract/api/nodes';
import type { Clock } from '@backlot/contract/clock';
import { BacklotError, Problem } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { retryDelay } from '../link/backoff.ts';
import type { Identity } from './identity.ts';

export interface JoinOptions {
  readonly controlUrl: string;
  readonly joinToken: string | undefined;
  readonly agentVersion: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

const ANSWER_MS = 15_000;

/**
 * Joins with a token unless the identity has a node already. Goes on trying while the control plane can't be reached;
 * asking twice is harmless, because the key is the same.
 *
 * @throws join_token_missing, join_token_invalid and other refusals; the signal's reason
 */
export async function ensureJoined(identity: Identity, options: JoinOptions): Promise<string> {
  if (identity.nodeId !== null) return identity.nodeId;
  if (!options.joinToken) throw new BacklotError(linkErrors.join_token_missing);
  const body: z.input<typeof JoinBody> = {
    name: identity.name,
    publicKey: identity.publicKey,
    agentVersion: options.agentVersion,
  };
  for (let failures = 1; ; failures += 1) {
    options.signal.throwIfAborted();
    const answer = await ask(options, options.joinToken, body);
    if (answer) {
      await identity.joined(answer.nodeId, answer.name);
      options.log.info({ nodeId: answer.nodeId, name: answer.name }, 'this machine has joined');
      return answer.nodeId;
    }
    await options.clock.sleep(retryDelay(failures, options.random()), options.signal);
  }
}

/** @returns nothing when it is worth asking again */
async function ask(options: JoinOptions, token: string, body: z.input<typeof JoinBody>) {
  let response: Response;
  try {
    response = await fetch(new URL('/api/v1/node/join', options.controlUrl), {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
      signal: AbortSignal.any([options.signal, AbortSignal.timeout(ANSWER_MS)]),
      redirect: 'error',
    });
  } catch (error) {
    options.signal.throwIfAborted();
    options.log.info({ err: error }, 'the control plane can’t be reached; joining is tried again');
    return undefined;
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return JoinAnswer.parse(answer);
  const problem = Problem.safeParse(answer);
  const retryable = problem.success ? problem.data.retryable : response.status >= 500;
  if (retryable) return undefined;
  const kind = Object.values(linkErrors).find((known) => problem.success && known.code === problem.data.code);
  throw new BacklotError(kind ?? linkErrors.join_token_invalid, { cause: problem.data });
}
