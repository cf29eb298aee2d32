import { type Clock, systemClock } from '@backlot/contract/clock';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { kernelErrors } from '@backlot/contract/errors/kernel';
import { storeErrors } from '@backlot/contract/errors/store';
import {
  ClosedConnectionError,
  ConnectionError,
  connect,
  DrainingConnectionError,
  type Msg,
  type NatsConnection,
  NoRespondersError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node';
import type { Logger } from 'pino';
import type { Fabric } from '../kernel.ts';
import { createLocalFabric } from './local-fabric.ts';
import { natsAddress } from './nats-address.ts';
import { failure, success, unwrap } from './reply.ts';
import { isSubject } from './subject.ts';

export interface NatsFabricOptions {
  /** `nats://user:password@host:4222`, also `tls://`; several with commas between them. */
  readonly url: string;
  /** Our subjects begin with this word on the server, so that an installation can share it with others. */
  readonly prefix?: string;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Called with true whenever the server has been reached (again), with false when it is lost. */
  readonly onReach?: (reached: boolean) => void;
}

/** Half-open connections are found after two of these without an answer. Milliseconds. */
const pingMs = 10_000;
/** Between attempts to reach the server. Milliseconds. */
const retryMs = 1_000;
/** Servers of one subject in several replicas share its questions. */
const queue = 'servers';

/**
 * The fabric between several control processes: core NATS (2.9 or newer), no persistence. Inside a process messages
 * take the local fabric; what other replicas should hear goes to the server as well, and comes back to everybody but
 * its sender (`noEcho`). So a replica whose NATS server is away goes on alone: it hears itself, and its questions to
 * others fail at once with `fabric_no_responder`, which is retryable.
 *
 * Opening never waits for the server and never fails for its absence.
 */
export function createNatsFabric(options: NatsFabricOptions): Fabric {
  const { log, clock = systemClock, onReach = () => undefined } = options;
  const prefix = `${options.prefix ?? 'backlot'}.`;
  const local = createLocalFabric({ log, clock });
  const served = new Map<string, number>();
  /** What has to be told to the server as soon as there is one: how to subscribe, and how to take it back. */
  const wanted = new Set<(connection: NatsConnection) => () => void>();
  const undo = new Map<(connection: NatsConnection) => () => void, () => void>();
  const closing = new AbortController();
  let connection: NatsConnection | undefined;
  let reached = false;

  const opening = open();

  async function open(): Promise<void> {
    while (!closing.signal.aborted) {
      try {
        const opened = await connect({
          ...natsAddress(options.url),
          name: 'backlot-control',
          noEcho: true,
          // It is the library that comes back after a loss; this loop is for the first time only.
          maxReconnectAttempts: -1,
          reconnectTimeWait: retryMs,
          pingInterval: pingMs,
          maxPingOut: 2,
          ignoreAuthErrorAbort: true,
          timeout: 5_000,
        });
        if (closing.signal.aborted) return await opened.close();
        connection = opened;
        for (const subscribe of wanted) undo.set(subscribe, subscribe(opened));
        void follow(opened);
        // The server knows of the subscriptions from here on.
        await opened.flush();
        reach(true);
        return;
      } catch (error) {
        log.warn({ err: error }, 'the NATS server can not be reached; this replica goes on alone');
        reach(false);
        await clock.sleep(retryMs, closing.signal).catch(() => undefined);
      }
    }
  }

  /** Ends with the connection. */
  async function follow(opened: NatsConnection): Promise<void> {
    for await (const status of opened.status()) {
      if (status.type === 'disconnect') reach(false);
      else if (status.type === 'reconnect') reach(true);
      else if (status.type === 'error') log.warn({ err: status.error }, 'the NATS server complains');
    }
  }

  function reach(now: boolean): void {
    if (closing.signal.aborted) return;
    if (now !== reached)
      log.info({ reached: now }, now ? 'the NATS server is reached' : 'the NATS server is away');
    reached = now;
    onReach(now);
  }

  /** Subscribes now, or when there is a connection; gives the way back. The library renews it after a loss. */
  function want(subscribe: (connection: NatsConnection) => () => void): () => void {
    wanted.add(subscribe);
    if (connection && !connection.isClosed()) undo.set(subscribe, subscribe(connection));
    return () => {
      wanted.delete(subscribe);
      undo.get(subscribe)?.();
      undo.delete(subscribe);
    };
  }

  function hear(pattern: string, handler: (message: unknown, subject: string) => void) {
    return (on: NatsConnection) => {
      const subscription = on.subscribe(prefix + pattern, {
        callback(error, message) {
          if (error) return log.warn({ err: error, pattern }, 'a subscription of the fabric failed');
          const subject = message.subject.slice(prefix.length);
          try {
            handler(message.json(), subject);
          } catch (cause) {
            log.error({ err: cause, subject }, 'a subscriber of the fabric failed');
          }
        },
      });
      return () => subscription.unsubscribe();
    };
  }

  function answer(subject: string, handler: (message: unknown) => Promise<unknown>) {
    return (on: NatsConnection) => {
      const subscription = on.subscribe(prefix + subject, {
        queue,
        callback(error, message) {
          if (error) return log.warn({ err: error, subject }, 'a server of the fabric failed');
          void respond(message, handler);
        },
      });
      return () => subscription.unsubscribe();
    };
  }

  async function respond(message: Msg, handler: (message: unknown) => Promise<unknown>): Promise<void> {
    const reply = await Promise.resolve()
      .then(() => handler(message.json()))
      .then(success, failure);
    try {
      message.respond(JSON.stringify(reply));
    } catch (error) {
      // The connection is gone, or the answer is too large for the server: the question runs into its time limit.
      log.warn({ err: error, subject: message.subject }, 'an answer could not be sent over the fabric');
    }
  }

  return {
    publish(subject, message) {
      local.publish(subject, message);
      // While the server is away the library would keep messages for later; they are worth nothing then.
      if (!reached || !connection || closing.signal.aborted) return;
      try {
        connection.publish(prefix + subject, JSON.stringify(message) ?? 'null');
      } catch (error) {
        log.warn({ err: error, subject }, 'a message could not be sent over the fabric');
      }
    },

    subscribe(pattern, handler) {
      const stopLocal = local.subscribe(pattern, handler);
      const stopRemote = want(hear(pattern, handler));
      return () => {
        stopLocal();
        stopRemote();
      };
    },

    async request(subject, message, { timeoutMs, signal }) {
      if (!isSubject(subject)) return await local.request(subject, message, { timeoutMs });
      signal?.throwIfAborted();
      // Whoever serves it here answers it here: one hop less, and right also when the server is away.
      if (served.has(subject))
        return await local.request(subject, message, { timeoutMs, ...(signal ? { signal } : {}) });
      if (!reached || !connection || closing.signal.aborted)
        throw new BacklotError(storeErrors.fabric_no_responder, { params: { subject } });
      const question = connection.request(prefix + subject, JSON.stringify(message) ?? 'null', {
        timeout: timeoutMs,
      });
      const { promise: ended, reject } = Promise.withResolvers<never>();
      const onAbort = () => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      // Whichever loses the race below must not be left as a rejection that nobody handles.
      question.catch(() => undefined);
      ended.catch(() => undefined);
      try {
        return unwrap((await Promise.race([question, ended])).json());
      } catch (error) {
        throw asOurs(error, subject, timeoutMs);
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    },

    serve(subject, handler) {
      const stopLocal = local.serve(subject, handler);
      const stopRemote = want(answer(subject, handler));
      served.set(subject, (served.get(subject) ?? 0) + 1);
      let stopped = false;
      return () => {
        if (stopped) return;
        stopped = true;
        const left = (served.get(subject) ?? 1) - 1;
        if (left > 0) served.set(subject, left);
        else served.delete(subject);
        stopLocal();
        stopRemote();
      };
    },

    async close() {
      if (closing.signal.aborted) return;
      closing.abort();
      await local.close();
      await connection?.close().catch(() => undefined);
      await opening;
    },
  };
}

/** An error of the library as one of ours; what the handler has thrown, and the caller's own reason, as they are. */
function asOurs(error: unknown, subject: string, timeoutMs: number): unknown {
  if (error instanceof TimeoutError) {
    const params = { what: subject, seconds: Math.ceil(timeoutMs / 1_000) };
    return new BacklotError(kernelErrors.timed_out, { params, cause: error });
  }
  const nobody =
    error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders());
  const lost = [ClosedConnectionError, DrainingConnectionError, ConnectionError].some(
    (kind) => error instanceof kind,
  );
  if (nobody || lost)
    return new BacklotError(storeErrors.fabric_no_responder, { params: { subject }, cause: error });
  return error;
}
