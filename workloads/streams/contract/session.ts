import { defineMachine } from '@backlot/contract';
import { z } from 'zod';

/**
 * requested  asked for; nothing is decided yet
 * waiting    in the queue, or its instance is being started
 * ready      has an instance; its picture has not arrived yet
 * active     the picture runs
 * idle       nothing came from the person in control for so long that the countdown runs
 * ending     over for the viewer; sockets are closed, the instance is let go of
 * resetting  over for the viewer; its instance is made fresh
 */
export const sessionStates = [
  'requested',
  'waiting',
  'ready',
  'active',
  'idle',
  'ending',
  'resetting',
  'ended',
] as const;
export const SessionState = z.enum(sessionStates);
export type SessionState = z.infer<typeof SessionState>;

export const sessionMachine = defineMachine<SessionState>('session', {
  requested: ['waiting', 'ready', 'ended'],
  waiting: ['ready', 'ending', 'ended'],
  // Back to waiting: its instance ended before anybody saw anything of it, and another one is found.
  ready: ['active', 'waiting', 'ending'],
  active: ['idle', 'ending'],
  idle: ['active', 'ending'],
  ending: ['resetting', 'ended'],
  resetting: ['ended'],
  ended: [],
});

/** States in which somebody may be connected to it. */
export const sessionStatesLive: readonly SessionState[] = ['requested', 'waiting', 'ready', 'active', 'idle'];

/**
 * Why a session ended.
 *
 * left          the person in control left, and said so
 * disconnected  the connection broke and did not come back in time
 * idle          nothing came from the person in control
 * limit         the longest time allowed has passed
 * kicked        an operator, or the person in control, ended it
 * queue         it waited longer than allowed
 * crashed       the application ended with an error
 * closed        the application ended by itself
 * no-picture    the application showed nothing
 * unavailable   the application can't be started
 * disabled      the app was switched off while the session waited
 * node-lost     the machine is gone
 * error         a fault of our own
 */
export const sessionEnds = [
  'left',
  'disconnected',
  'idle',
  'limit',
  'kicked',
  'queue',
  'crashed',
  'closed',
  'no-picture',
  'unavailable',
  'disabled',
  'node-lost',
  'error',
] as const;
export const SessionEnd = z.enum(sessionEnds);
export type SessionEnd = z.infer<typeof SessionEnd>;
