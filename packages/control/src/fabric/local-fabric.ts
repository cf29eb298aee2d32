import { type Clock, systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { storeErrors } from '@backlot/contract/errors/store';
import type { Logger } from 'pino';
import type { Fabric } from '../kernel.ts';
import { failure, success, unwrap } from './reply.ts';
import { isPattern, isSubject, matches } from './subject.ts';

export interface LocalFabricOptions {
  readonly log: Logger;
  readonly clock?: Clock;
}

type Subscriber = { readonly pattern: string; readonly handler: (message: unknown, subject: string) => void };
type Server = { readonly handler: (message: unknown) => Promise<unknown> };

/**
 * The fabric of an installation with one control process. Messages take the same way as between processes: they
 * are copied as JSON and delivered later, never within the publisher's own call, so that nothing works here that
 * would not work over NATS.
 */
export function createLocalFabric({ log, clock = systemClock }: LocalFabricOptions): Fabric {
  const subscribers = new Set<Subscriber>();
  const servers = new Map<string, Server[]>();
  const closing = new AbortController();

  function deliver(subscriber: Subscriber, text: string, subject: string): void {
    queueMicrotask(() => {
      if (!subscribers.has(subscriber)) return;
      try {
        subscriber.handler(JSON.parse(text), subject);
      } catch (error) {
        log.error({ err: error, subject }, 'a subscriber of the fabric failed');
      }
    });
  }

  /** Takes the servers of a subject in turn, as a queue group does. */
  function nextServer(subject: string): Server | undefined {
    const group = servers.get(subject);
    const server = group?.shift();
    if (server) group?.push(server);
    return server;
  }

  return {
    publish(subject, message) {
      requireSubject(isSubject(subject), subject);
      if (closing.signal.aborted) return;
      let text: string | undefined;
      for (const subscriber of subscribers) {
        if (!matches(subscriber.pattern, subject)) continue;
        text ??= encode(message);
        deliver(subscriber, text, subject);
      }
    },

    subscribe(pattern, handler) {
      requireSubject(isPattern(pattern), pattern);
      const subscriber = { pattern, handler };
      subscribers.add(subscriber);
      return () => subscribers.delete(subscriber);
    },

    async request(subject, message, { timeoutMs, signal }) {
      requireSubject(isSubject(subject), subject);
      signal?.throwIfAborted();
      const server = closing.signal.aborted ? undefined : nextServer(subject);
      if (!server) throw new BacklotError(storeErrors.fabric_no_responder, { params: { subject } });
      const input: unknown = JSON.parse(encode(message));
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const cancelTimer = clock.after(timeoutMs, () =>
        reject(
          new BacklotError(kernelErrors.timed_out, {
            params: { what: subject, seconds: Math.ceil(timeoutMs / 1_000) },
          }),
        ),
      );
      const onAbort = () => reject(signal?.reason);
      const onClose = () =>
        reject(new BacklotError(storeErrors.fabric_no_responder, { params: { subject } }));
      signal?.addEventListener('abort', onAbort, { once: true });
      closing.signal.addEventListener('abort', onClose, { once: true });
      queueMicrotask(() => {
        // `new Promise` also catches a handler that throws before it returns its promise.
        new Promise((done) => done(server.handler(input))).then(success, failure).then(resolve, reject);
      });
      try {
        const reply = await promise;
        return unwrap(JSON.parse(encode(reply)));
      } finally {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        closing.signal.removeEventListener('abort', onClose);
      }
    },

    serve(subject, handler) {
      requireSubject(isSubject(subject), subject);
      const server = { handler };
      const group = servers.get(subject) ?? [];
      group.push(server);
      servers.set(subject, group);
      return () => {
        const index = group.indexOf(server);
        if (index >= 0) group.splice(index, 1);
      };
    },

    async close() {
      closing.abort();
      subscribers.clear();
      servers.clear();
    },
  };
}

/** Nothing at all is a message too: `undefined` has no JSON, so it travels as null. */
function encode(message: unknown): string {
  return JSON.stringify(message) ?? 'null';
}

function requireSubject(valid: boolean, subject: string): void {
  if (!valid)
    throw new TypeError(
      `"${subject}" is not a subject: words of letters, digits, - and _ with dots between.`,
    );
}
