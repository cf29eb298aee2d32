import { BacklotError } from '@backlot/contract';
import type { App, Kernel } from '@backlot/control/workload';
import { TurnTestAnswer, turnErrors } from '../../contract.ts';
import { testTurnServers } from './self-test.ts';

/** For each answer of a server. */
const timeoutMs = 5_000;
/** For everything: no server is asked more than a few times. */
const longestMs = 60_000;

/** `POST /api/v1/streams/turn/test`: tries the configured TURN servers from here. One test at a time. */
export function turnRoutes(app: App, kernel: Kernel, permission: string): void {
  let running = false;
  app.post(
    '/api/v1/streams/turn/test',
    {
      config: { access: { kind: 'permission', permission, project: 'everywhere' } },
      schema: {
        summary: 'Try the TURN servers',
        description:
          'Tries every configured TURN server as a browser would, and says in words what is wrong: the name, the way, the secret, the relay.',
        tags: ['streams'],
        response: { 200: TurnTestAnswer },
      },
    },
    async () => {
      if (running) throw new BacklotError(turnErrors.turn_test_running, { retryAfterS: 5 });
      running = true;
      try {
        const { turn, clock } = kernel;
        return await testTurnServers({ turn, clock, timeoutMs, signal: AbortSignal.timeout(longestMs) });
      } finally {
        running = false;
      }
    },
  );
}
