import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { serialsIn } from './serial-stamp.ts';

/** A number and when it went by, in wall milliseconds. */
export interface HeardSerial {
  readonly serial: number;
  readonly at: number;
}

/** One connection that went through a witness. */
export interface WitnessedWire {
  /** Pictures that were handed to the socket of the player, in their order; a packet that was sent twice counts once. */
  readonly heard: HeardSerial[];
}

/**
 * Stands on the wire between a server and its player and writes down which pictures went by, before the player reads them.
 * So what a player had received is known without asking it, or anything behind it. It understands no protocol: a stamp lies
 * in the first bytes of a picture, which RTMP, RTSP (interleaved) and transport streams all leave in one piece.
 */
export interface WireWitness {
  readonly port: number;
  readonly wires: WitnessedWire[];
  close(): Promise<void>;
}

/** Longest part of a stamp that the end of a chunk can hold back. */
const stampBytes = 28;

class Ear implements WitnessedWire {
  readonly heard: HeardSerial[] = [];
  readonly #known = new Set<number>();
  #rest = Buffer.alloc(0);

  hear(chunk: Buffer): void {
    const at = Date.now();
    const bytes = Buffer.concat([this.#rest, chunk]);
    for (const serial of serialsIn(bytes)) {
      if (this.#known.has(serial)) continue;
      this.#known.add(serial);
      this.heard.push({ serial, at });
    }
    this.#rest = bytes.subarray(-(stampBytes - 1));
  }
}

/**
 * For TCP. The server is connected to when a player comes; where it does not listen, the player is let go.
 * @param pushes the pictures go to the server: a publisher and its listener
 */
export async function tcpWitness(serverPort: number, pushes = false): Promise<WireWitness> {
  const wires: WitnessedWire[] = [];
  const sockets = new Set<Socket>();
  const server: Server = createServer((player) => {
    const behind = connect(serverPort, '127.0.0.1');
    const ear = new Ear();
    for (const socket of [player, behind]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        player.destroy();
        behind.destroy();
      });
    }
    behind.once('connect', () => wires.push(ear));
    behind.on('data', (chunk: Buffer) => {
      ear.hear(chunk);
      player.write(chunk);
    });
    player.on('data', (chunk: Buffer) => {
      if (pushes) ear.hear(chunk);
      behind.write(chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    wires,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** How bad a line is. */
export interface Line {
  /** Each way, in milliseconds. */
  readonly delayMs?: number;
  /** Of the packets to the player, one of so many is lost, in turn. */
  readonly losesOneOf?: number;
}

/** For UDP: each port that a player speaks from is a connection of its own. */
export async function udpWitness(serverPort: number, line: Line = {}): Promise<WireWitness> {
  const { delayMs = 0, losesOneOf = 0 } = line;
  const timers = new Set<NodeJS.Timeout>();
  const later = (send: () => void) => {
    if (delayMs === 0) return send();
    const timer = setTimeout(() => {
      timers.delete(timer);
      send();
    }, delayMs);
    timers.add(timer);
  };
  let passed = 0;
  const wires: WitnessedWire[] = [];
  const front = createSocket('udp4');
  const behind = new Map<number, UdpSocket>();
  front.on('message', (packet, { port }) => {
    let back = behind.get(port);
    if (!back) {
      const ear = new Ear();
      wires.push(ear);
      back = createSocket('udp4');
      back.on('message', (answer) => {
        passed += 1;
        if (losesOneOf > 0 && passed % losesOneOf === 0) return;
        ear.hear(answer);
        later(() => front.send(answer, port, '127.0.0.1'));
      });
      back.on('error', () => {});
      behind.set(port, back);
    }
    const to = back;
    later(() => to.send(packet, serverPort, '127.0.0.1'));
  });
  await new Promise<void>((resolve) => front.bind(0, '127.0.0.1', resolve));
  return {
    port: front.address().port,
    wires,
    async close() {
      for (const timer of timers) clearTimeout(timer);
      front.close();
      for (const socket of behind.values()) socket.close();
    },
  };
}
