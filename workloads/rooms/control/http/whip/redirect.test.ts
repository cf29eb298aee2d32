import type { App, Kernel } from '@backlot/control/workload';
import Fastify from 'fastify';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { chromePublishes } from '../../../testing/offers.ts';
import type { Rooms } from '../../ports.ts';
import type { HttpSessions } from './http-sessions.ts';
import { whipRoutes } from './routes.ts';

/** The routes alone: a redirect is answered before anything behind them is asked, so nothing needs to be there. */
function routesThatSend(elsewhere: (room: string) => Promise<string | null>) {
  const app = Fastify();
  app.setValidatorCompiler(({ schema }) => (data) => {
    const parsed = z.instanceof(z.ZodType).parse(schema).safeParse(data);
    return parsed.success ? { value: parsed.data } : { error: parsed.error };
  });
  app.setSerializerCompiler(() => String);
  whipRoutes(app as unknown as App, {
    kernel: {} as Kernel,
    rooms: {} as Rooms,
    sessions: {} as HttpSessions,
    iceServers: { urls: [], secret: null },
    open: false,
    elsewhere,
  });
  return app;
}

it('sends a client to the control process that should take it, with its offer still to be sent', async () => {
  const app = routesThatSend(async (room) => `https://eu.example/?for=${room}`);
  const answer = await app.inject({
    method: 'POST',
    url: '/whip/stage?tracks=a',
    headers: { 'content-type': 'application/sdp', origin: 'https://page.example' },
    payload: chromePublishes,
  });
  expect([answer.statusCode, answer.headers.location]).toEqual([
    307,
    'https://eu.example/whip/stage?tracks=a',
  ]);
  expect(answer.headers['access-control-allow-origin']).toBe('*');
  await app.close();
});

it('refuses another media type before it wonders where to send it', async () => {
  const app = routesThatSend(() => Promise.reject(new Error('asked')));
  const answer = await app.inject({
    method: 'POST',
    url: '/whip/stage',
    headers: { 'content-type': 'text/plain' },
    payload: chromePublishes,
  });
  expect(answer.body).toContain('text/plain');
  expect(answer.body).not.toContain('asked');
  await app.close();
});
