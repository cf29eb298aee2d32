import { defineMachine } from '@backlot/contract';
import { z } from 'zod';

/**
 * requested  a place on a node is looked for; the scheduler says what it waits for
 * starting   it has a place: the process is started, its streamer has not connected yet
 * ready      its streamer has connected, and no session has it
 * assigned   a session has it
 * resetting  between two sessions it is made fresh
 * stopping   it was told to end
 */
export const instanceStates = [
  'requested',
  'starting',
  'ready',
  'assigned',
  'resetting',
  'stopping',
  'ended',
] as const;
export const InstanceState = z.enum(instanceStates);
export type InstanceState = z.infer<typeof InstanceState>;

export const instanceMachine = defineMachine<InstanceState>('instance', {
  requested: ['starting', 'ready', 'stopping', 'ended'],
  starting: ['requested', 'ready', 'stopping', 'ended'],
  ready: ['assigned', 'resetting', 'stopping', 'ended'],
  assigned: ['ready', 'resetting', 'stopping', 'ended'],
  resetting: ['ready', 'stopping', 'ended'],
  stopping: ['ended'],
  ended: [],
});

/**
 * Why an instance was ended, or will be at the end of its session.
 *
 * unused, surplus         nobody needs it
 * memory, vram, age, sessions   a watermark of its app was reached
 * session                 its app is not reset between sessions
 * reset-failed            it did not acknowledge its reset
 * version                 its version is not the one to run any more
 * never-connected         its streamer did not connect in time
 * no-picture              it connected, and showed nothing
 * streamer-lost           its streamer went away and did not come back
 * crashed                 the process ended with an error or was killed
 * exited                  the process ended by itself, without an error
 * node-lost               its node is gone
 * start-failed            the node could not start it
 * drained                 its node is to be emptied
 * stopped                 a person said so
 * disabled, removed       its app was switched off or removed
 */
export const instanceEnds = [
  'unused',
  'surplus',
  'memory',
  'vram',
  'age',
  'sessions',
  'session',
  'reset-failed',
  'version',
  'never-connected',
  'no-picture',
  'streamer-lost',
  'crashed',
  'exited',
  'node-lost',
  'start-failed',
  'drained',
  'stopped',
  'disabled',
  'removed',
] as const;
export const InstanceEnd = z.enum(instanceEnds);
export type InstanceEnd = z.infer<typeof InstanceEnd>;

/**
 * Ends that say something is wrong with the app: they slow down the next start, and stop it after a few. A missing
 * picture is none of them: only a viewer's page says whether it came, and no viewer may stop an app for all others.
 */
export const faultyEnds: readonly InstanceEnd[] = ['never-connected', 'crashed', 'start-failed'];
