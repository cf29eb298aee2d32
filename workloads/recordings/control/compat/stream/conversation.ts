import type { Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import { NgliveCommand, ngliveEvents } from '../../../contract/compat/nglive.ts';
import { obey } from '../commands.ts';
import { actorOf } from '../credentials.ts';
import type { NgliveRooms } from '../rooms/nglive-rooms.ts';
import type { GatewayRow } from '../tables.ts';

/** Of `unknown` alone each key would have to be there. */
const Envelope = z.looseObject({
  CMD: z.unknown().optional(),
  echo: z.unknown().optional(),
  code: z.unknown().optional(),
});
const ours: ReadonlySet<unknown> = new Set(ngliveEvents);

/** Frames in a row that make no sense and are told so. */
export const mostRefused = 20;

/**
 * Refusals of one connection in a row. A peer may answer each of them with a refusal of its own, in words that we do not know
 * for one: then somebody has to be silent first.
 */
export class Refusals {
  #inARow = 0;

  /** @returns whether this one is told */
  refuse(): boolean {
    this.#inARow += 1;
    return this.#inARow <= mostRefused;
  }

  understood(): void {
    this.#inARow = 0;
  }
}

/**
 * Answers one message of a peer, in whichever direction the socket was opened. A frame that makes no sense gets a code and a
 * sentence, and ends nothing. What we have said ourselves comes back from some peers: events, heartbeats and answers are no
 * commands, and get no answer.
 *
 * @param refusals of its connection, where the peer can say something to an answer
 */
export async function answer(
  parts: { readonly kernel: Kernel; readonly rooms: NgliveRooms },
  gateway: GatewayRow,
  text: string,
  by: 'socket' | 'remote',
  refusals?: Refusals,
): Promise<Record<string, unknown> | null> {
  const given = read(text);
  const envelope = Envelope.safeParse(given);
  if (envelope.success && (ours.has(envelope.data.CMD) || envelope.data.code !== undefined)) return null;
  const command = NgliveCommand.safeParse(given);
  if (!command.success) {
    if (refusals && !refusals.refuse()) return null;
    const { CMD, echo } = envelope.success ? envelope.data : {};
    return {
      ...(typeof CMD === 'string' ? { CMD: CMD.slice(0, 60) } : {}),
      ...(typeof echo === 'string' || typeof echo === 'number' ? { echo } : {}),
      code: 400,
      msg: 'A command is {"CMD":"addroom","roomid":…}: allroom, getroom, addroom, removeroom, startroom, stoproom or split.',
    };
  }
  refusals?.understood();
  const { CMD, echo, roomid } = command.data;
  const asked = { CMD, ...(roomid === undefined ? {} : { roomid }) };
  try {
    const answered = await obey(parts.rooms, gateway.project_id, asked, actorOf(gateway, by));
    return { CMD, ...(echo === undefined ? {} : { echo }), ...answered };
  } catch (error) {
    parts.kernel.log.warn({ err: error, command: CMD }, 'a command of NGlive’s could not be done');
    return {
      CMD,
      ...(echo === undefined ? {} : { echo }),
      code: 500,
      msg: 'It could not be done; the log of the control plane says why. Try again.',
    };
  }
}

function read(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
