import type { Clock } from '@backlot/contract/clock';
import { linkMaxBytes } from '@backlot/contract/link/envelope';
import { WebSocket } from 'ws';
import type { Transport, TransportEvents } from './transport.ts';

/** From the first packet to the finished upgrade. */
const HANDSHAKE_MS = 10_000;
/** More than this waiting for a control plane that does not read: the link counts as broken. */
const FULL_BYTES = 8 * 1024 * 1024;
const CLOSE_MS = 1_000;

/** Address of the link's socket for the address of a control plane. */
export function linkUrl(controlUrl: string): string {
  const url = new URL('/api/v1/node/link', controlUrl);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url.toString();
}

export function openWebSocket(controlUrl: string, clock: Clock, events: TransportEvents): Transport {
  const socket = new WebSocket(linkUrl(controlUrl), {
    handshakeTimeout: HANDSHAKE_MS,
    maxPayload: linkMaxBytes,
    perMessageDeflate: false,
    followRedirects: false,
  });
  let blocked = false;
  socket.on('message', (data, binary) => {
    if (!binary) events.message(data.toString());
  });
  socket.on('unexpected-response', (request, response) => {
    // 5xx comes from a control plane that starts or stops; anything else from what stands in between.
    blocked = (response.statusCode ?? 0) < 500;
    response.resume();
    request.destroy();
    socket.terminate();
  });
  let reason = '';
  socket.on('error', (error: NodeJS.ErrnoException) => {
    reason = error.message;
    // A proxy that doesn't know the upgrade hangs up or never answers; nobody listening is something else.
    if (socket.readyState === WebSocket.CONNECTING)
      blocked ||= error.code === 'ECONNRESET' || /timed out/.test(reason);
  });
  socket.on('close', (code, text) => events.closed({ code, reason: text.toString() || reason, blocked }));
  return {
    kind: 'websocket',
    send(text) {
      if (socket.readyState !== WebSocket.OPEN) return false;
      if (socket.bufferedAmount > FULL_BYTES) {
        socket.terminate();
        return false;
      }
      socket.send(text);
      return true;
    },
    close() {
      if (socket.readyState === WebSocket.CONNECTING) return socket.terminate();
      if (socket.readyState === WebSocket.CLOSED) return;
      socket.close(1000);
      const cancel = clock.after(CLOSE_MS, () => socket.terminate());
      socket.once('close', cancel);
    },
  };
}
