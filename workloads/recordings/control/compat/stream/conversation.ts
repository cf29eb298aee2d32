import type { Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import { NgliveCommand } from '../../../contract/compat/nglive.ts';
import { obey } from '../commands.ts';
import { actorOf } from '../credentials.ts';
import type { NgliveRooms } from '../rooms/nglive-rooms.ts';
import type { GatewayRow } from '../tables.ts';

const Envelope = z.looseObject({ CMD: z.unknown(), echo: z.unknown() });

/**
 * Answers one message of a peer, in whichever direction the socket was opened. Whatever comes is answered: a frame that makes
 * no sense gets a code and a sentence, and ends nothing.
 */
export async function answer(
  parts: { readonly kernel: Kernel; readonly rooms: NgliveRooms },
  gateway: GatewayRow,
  text: string,
  by: 'socket' | 'remote',
): Promise<Record<string, unknown> | null> {
  const given = read(text);
  const envelope = Envelope.safeParse(given);
  // Peers that echo our own events and heartbeats want no answer.
  if (envelope.success && envelope.data.CMD === 'heartbeat') return null;
  const command = NgliveCommand.safeParse(given);
  if (!command.success) {
    const { CMD, echo } = envelope.success ? envelope.data : {};
    return {
      ...(typeof CMD === 'string' ? { CMD: CMD.slice(0, 60) } : {}),
      ...(typeof echo === 'string' || typeof echo === 'number' ? { echo } : {}),
      code: 400,
      msg: 'A command is {"CMD":"addroom","roomid":…}: allroom, getroom, addroom, removeroom, startroom, stoproom or split.',
    };
  }
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
