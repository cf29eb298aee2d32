import { describe, expect, it } from 'vitest';
import { ngliveEventOf, progressEvent } from './event-of.ts';
import { heartbeatOf } from './heartbeat.ts';
import { redialMs } from './reverse-socket.ts';

const subject = { kind: 'x', id: 'the-subject' };

describe('NGlive’s thirteen events', () => {
  it.each([
    ['recordings.broadcast.opened', {}, 'SessionStarted', 'the-subject'],
    ['recordings.broadcast.closed', {}, 'SessionEnded', 'the-subject'],
    ['recordings.take.started', { take: 't' }, 'FileOpening', 't'],
    ['recordings.take.ended', { take: 't' }, 'FileClosed', 't'],
    ['recordings.session.started', {}, 'SessionStarted', 'the-subject'],
    ['recordings.session.ended', {}, 'SessionEnded', 'the-subject'],
    ['recordings.file.opened', {}, 'FileOpening', 'the-subject'],
    ['recordings.file.closed', {}, 'FileClosed', 'the-subject'],
    [
      'task.changed',
      { kind: 'transcodes.encode', state: 'running', from: 'placed' },
      'TranscodeStarted',
      'the-subject',
    ],
    ['task.ended', { kind: 'transcodes.encode', state: 'succeeded' }, 'TranscodeEnded', 'the-subject'],
    ['task.ended', { kind: 'recordings.join', state: 'failed' }, 'TranscodeError', 'the-subject'],
    [
      'task.changed',
      { kind: 'deliveries.upload', state: 'running', from: 'placed' },
      'UpStarted',
      'the-subject',
    ],
    ['task.ended', { kind: 'deliveries.upload', state: 'succeeded' }, 'UpEnded', 'the-subject'],
    ['task.ended', { kind: 'deliveries.upload', state: 'canceled' }, 'UpError', 'the-subject'],
  ])('%s %j is %s', (kind, body, command, id) => {
    expect(ngliveEventOf({ kind, subject, body })).toEqual({ CMD: command, ID: id });
  });

  it.each([
    ['task.changed', { kind: 'transcodes.encode', state: 'running', from: 'frozen' }],
    ['task.changed', { kind: 'transcodes.encode', state: 'retry_wait' }],
    ['task.ended', { kind: 'renders.frame', state: 'succeeded' }],
    ['recordings.take.started', {}],
    ['node.joined', {}],
  ])('%s %j is none of them', (kind, body) => {
    expect(ngliveEventOf({ kind, subject, body })).toBeNull();
  });

  it('say how far work is, in percent', () => {
    expect(progressEvent('t', 'transcodes.encode', { fraction: 0.4567 })).toEqual({
      CMD: 'IsTranscode',
      ID: 't',
      COMP: 45.7,
    });
    expect(progressEvent('t', 'deliveries.upload', { fraction: 1 })).toMatchObject({
      CMD: 'IsUp',
      COMP: 100,
    });
    expect(progressEvent('t', 'deliveries.upload', {})).toBeNull();
    expect(progressEvent('t', 'renders.frame', { fraction: 1 })).toBeNull();
  });

  it('have a heartbeat of all nodes together, and of none', () => {
    const load = {
      at: new Date(0).toISOString(),
      cpu: 0.5,
      memoryUsed: 2 ** 30,
      memoryTotal: 2 ** 32,
      diskUsed: 2 ** 30,
      diskTotal: 2 ** 31,
      networkIn: 0,
      networkOut: 0,
      gpus: [],
    };
    const gateway = { id: 'u', name: 'n' };
    const node = { inventory: { cpu: { cores: 4 } }, load };
    expect(heartbeatOf(gateway, [node, node, { inventory: null, load: null }])).toEqual({
      CMD: 'heartbeat',
      UUID: 'u',
      name: 'n',
      cpu: { cpu: 8, cpu_logical: 8, percent: 50 },
      memory: { total: 8, used: 2, percent: 25 },
      disk: { total: 4, used: 2, free: 2, percent: 50 },
    });
    expect(heartbeatOf(gateway, []).cpu).toEqual({ cpu: 0, cpu_logical: 0, percent: 0 });
  });

  it('are dialled for with patience that grows to a minute, and never ends', () => {
    expect([0, 1, 2, 20, 1_000_000].map((failures) => redialMs(failures, 1))).toEqual([
      1_000, 2_000, 4_000, 60_000, 60_000,
    ]);
    expect(redialMs(3, 0)).toBe(4_000);
  });
});
