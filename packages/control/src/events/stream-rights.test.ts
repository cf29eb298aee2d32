import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Clock } from '@backlot/contract';
import { expect, it } from 'vitest';
import type { Db } from '../db/schema.ts';
import type { EventHub } from './event-hub.ts';
import { EventStream, heartbeatMs, type StreamOptions } from './stream.ts';
import type { Visibility } from './visibility.ts';

/** A response that only keeps what was written: rights change with time, and time is moved by hand here. */
class Written extends EventEmitter {
  text = '';
  ended = false;
  readonly writableLength = 0;
  readonly writableNeedDrain = false;
  write(text: string): void {
    this.text += text;
  }
  end(text: string): void {
    this.text += text;
    this.ended = true;
  }
}

function begin(visibility: StreamOptions['visibility']) {
  const timers: { at: number; run: () => void }[] = [];
  let now = 0;
  const clock: Clock = {
    now: () => now,
    monotonic: () => now,
    sleep: () => Promise.resolve(),
    after: (ms, run) => {
      const timer = { at: now + ms, run };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const listeners = new Set<unknown>();
  const hub = {
    position: 7,
    listen: (listener: unknown) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as EventHub;
  const response = new Written();
  const ends: string[] = [];
  const stream = new EventStream(response as unknown as ServerResponse, {
    hub,
    db: {} as Db,
    clock,
    filter: {},
    live: true,
    after: undefined,
    visibility,
    onEnd: (why) => ends.push(why),
  });
  return {
    stream,
    response,
    listeners,
    ends,
    async move(ms: number) {
      now += ms;
      for (const timer of timers.filter((one) => one.at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.run();
      }
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const everything: Visibility = { all: true, projects: new Set() };
const film: Visibility = { all: false, projects: new Set(['film']) };
const event = (projectId: string) => ({
  seq: 8,
  id: projectId,
  at: '2026-01-01T00:00:00.000Z',
  projectId,
  kind: 'job.changed',
  subject: { kind: 'job', id: projectId },
  body: {},
});

it('ends at the next heartbeat when the session, the token or the role is gone', async () => {
  let rights: Visibility | undefined = everything;
  const { stream, response, listeners, ends, move } = begin(async () => rights);
  await stream.start();
  expect(listeners.size).toBe(1);
  rights = undefined;
  await move(heartbeatMs);
  expect(ends).toEqual(['revoked']);
  expect(listeners.size).toBe(0);
  expect(response.text).toContain('event: end\ndata: {"reason":"revoked"}');
});

it('shows less from the next heartbeat on when less may be seen', async () => {
  let rights = everything;
  const { stream, response, move } = begin(async () => rights);
  await stream.start();
  stream.events([event('game')]);
  expect(response.text).toContain('"projectId":"game"');
  rights = film;
  await move(heartbeatMs);
  response.text = '';
  stream.events([event('game'), event('film')]);
  expect(response.text).not.toContain('game');
  expect(response.text).toContain('film');
});

it('stays as it is while the database, which knows the rights, is away', async () => {
  let away = false;
  const { stream, response, ends, move } = begin(async () => {
    if (away) throw new Error('no database');
    return everything;
  });
  await stream.start();
  away = true;
  await move(heartbeatMs);
  expect(ends).toEqual([]);
  expect(response.text).toContain(': heartbeat');
});

it('never begins for who may see nothing', async () => {
  const { stream, ends, response } = begin(async () => ({ all: false, projects: new Set<string>() }));
  await stream.start();
  expect(ends).toEqual(['revoked']);
  expect(response.ended).toBe(true);
});
