import type { App, Kernel, SocketRoute } from '@backlot/control/workload';
import { runtimeOf } from '../runtime.ts';
import { Gateways } from './gateways.ts';
import { NgliveRooms } from './rooms/nglive-rooms.ts';
import { compatApiRoutes } from './routes/api-routes.ts';
import { ngliveRoutes } from './routes/nglive-routes.ts';
import { webhookRoutes } from './routes/webhook-routes.ts';
import { mostCommandBytes } from './stream/command-turn.ts';
import { Dialler } from './stream/dialler.ts';
import { Feed } from './stream/feed.ts';
import { type SocketParts, serveSocket } from './stream/forward-socket.ts';
import { Webhooks } from './webhook/webhooks.ts';

/** The parts of compatibility that routes, sockets and timers share: one set for each control process. */
export interface CompatRuntime extends SocketParts {
  readonly webhooks: Webhooks;
}
const runtimes = new WeakMap<Kernel, CompatRuntime>();

export function compatOf(kernel: Kernel): CompatRuntime {
  let runtime = runtimes.get(kernel);
  if (!runtime) {
    const gateways = new Gateways(kernel);
    runtime = {
      kernel,
      gateways,
      rooms: new NgliveRooms(kernel, runtimeOf(kernel).channels, gateways),
      feed: new Feed(kernel),
      webhooks: new Webhooks(kernel),
    };
    runtimes.set(kernel, runtime);
  }
  return runtime;
}

/** NGlive's routes, their proper twins, and BililiveRecorder's webhook. All of them closed until somebody opens them. */
export function compatRoutes(app: App, kernel: Kernel): void {
  const { gateways, rooms, webhooks } = compatOf(kernel);
  compatApiRoutes(app, gateways, rooms);
  ngliveRoutes(app, gateways, rooms);
  webhookRoutes(app, kernel, gateways, webhooks);
}

/** NGlive's forward WebSocket: programs connect with `?token=`. */
export const compatSockets: readonly SocketRoute[] = [
  {
    path: '/nglive/ws',
    maxPayload: mostCommandBytes,
    origin: 'any',
    goodbye: { code: 1012, reason: 'The control plane starts anew.' },
    connect: (socket, request, _params, kernel) => serveSocket(compatOf(kernel), socket, request),
  },
];

/** How often closes are looked for that never came. Milliseconds. */
const sweepMs = 10_000;

/** Reverse connections, and closes of files that recorders never told. */
export async function startCompat(kernel: Kernel): Promise<{ close(): Promise<void> }> {
  const parts = compatOf(kernel);
  const dialler = new Dialler(parts);
  dialler.start();
  let running: Promise<unknown> = Promise.resolve();
  let closed = false;
  let cancel = () => {};
  const arm = (): void => {
    cancel = kernel.clock.after(sweepMs, () => {
      running = parts.webhooks
        .sweep()
        .catch((error: unknown) => kernel.log.warn({ err: error }, 'webhooks could not be swept'))
        .finally(() => {
          if (!closed) arm();
        });
    });
  };
  arm();
  return {
    async close() {
      closed = true;
      cancel();
      await running;
      await dialler.close();
      await parts.feed.close();
    },
  };
}
