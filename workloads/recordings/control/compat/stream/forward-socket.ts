import type { IncomingMessage } from 'node:http';
import type { Kernel } from '@backlot/control/workload';
import type { WebSocket } from 'ws';
import { tokenOf } from '../credentials.ts';
import type { Gateways } from '../gateways.ts';
import type { NgliveRooms } from '../rooms/nglive-rooms.ts';
import { CommandTurn, mostAsked, tooMany } from './command-turn.ts';
import { answer, Refusals } from './conversation.ts';
import type { Feed } from './feed.ts';

/** A listener that takes nothing any more is sent away before it fills our memory. Bytes. */
const mostWaiting = 1024 * 1024;

export interface SocketParts {
  readonly kernel: Kernel;
  readonly gateways: Gateways;
  readonly rooms: NgliveRooms;
  readonly feed: Feed;
}

/** Policy violation (RFC 6455 §7.4.1): the token is wrong, or the gateway is off. */
export const refusedCode = 1008;

/** A program that connects to us: it is told the thirteen events and may command. */
export async function serveSocket(
  parts: SocketParts,
  socket: WebSocket,
  request: IncomingMessage,
): Promise<void> {
  // What comes before we know who it is waits here: a message may follow the handshake at once.
  const early: string[] = [];
  let take = (text: string): void => void (early.length < mostAsked && early.push(text));
  socket.on('message', (data) => take(String(data)));
  socket.on('error', () => socket.terminate());
  const gateway = await parts.gateways.byToken(tokenOf(request));
  if (!gateway) {
    socket.close(refusedCode, 'The token is missing or wrong.');
    return;
  }
  if (socket.readyState !== socket.OPEN) return;
  const say = (message: unknown): void => {
    if (socket.readyState !== socket.OPEN) return;
    if (socket.bufferedAmount > mostWaiting) socket.terminate();
    else socket.send(JSON.stringify(message));
  };
  const stop = parts.feed.listen(gateway, say);
  socket.on('close', stop);
  if (socket.readyState !== socket.OPEN) stop();
  const turn = new CommandTurn((error) => parts.kernel.log.warn({ err: error }, 'a socket of NGlive’s'));
  const refusals = new Refusals();
  take = (text) => {
    const taken = turn.take(async () => {
      // Switched off, or another token since: what is open goes on no longer.
      const now = await parts.gateways.row(gateway.project_id);
      if (!now?.enabled || now.token_hash !== gateway.token_hash) {
        socket.close(refusedCode, 'The token is not valid any more.');
        return;
      }
      const answered = await answer(parts, now, text, 'socket', refusals);
      if (answered) say(answered);
    });
    if (!taken) say(tooMany);
  };
  for (const text of early) take(text);
}
