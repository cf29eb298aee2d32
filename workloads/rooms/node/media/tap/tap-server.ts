import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import type { types } from 'mediasoup';
import { type FromHost, FromRecorder } from '../../record/tap-protocol.ts';
import type { ProducerEntry } from '../room/entries.ts';
import type { MediaRoom, ProducerWatcher } from '../room/media-room.ts';

/** Serves the recorders of one room. */
export class TapServer {
  readonly #room: MediaRoom;
  readonly #server: Server;
  readonly #taps = new Set<Tap>();

  private constructor(room: MediaRoom, server: Server) {
    this.#room = room;
    this.#server = server;
    server.on('connection', (socket) => {
      const tap = new Tap(this.#room, socket, () => this.#taps.delete(tap));
      this.#taps.add(tap);
    });
  }

  static async open(room: MediaRoom, path: string): Promise<TapServer> {
    if (process.platform !== 'win32') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      rmSync(path, { force: true });
    }
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => resolve());
    });
    return new TapServer(room, server);
  }

  close(): void {
    this.#server.close();
    for (const tap of this.#taps) tap.end();
  }
}

interface Taken {
  readonly transport: types.PlainTransport;
  readonly consumer: types.Consumer;
}

/** One recorder: a plain transport and a consumer for each producer that it takes. */
class Tap implements ProducerWatcher {
  readonly #room: MediaRoom;
  readonly #socket: Socket;
  readonly #taken = new Map<string, Taken>();
  #closed = false;

  constructor(room: MediaRoom, socket: Socket, onClose: () => void) {
    this.#room = room;
    this.#socket = socket;
    socket.on('error', () => socket.destroy());
    socket.once('close', () => {
      this.#close();
      onClose();
    });
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('error', () => {});
    lines.on('line', (line) => void this.#obey(line));
    for (const entry of room.producers.values()) this.came(entry);
    room.watchers.add(this);
  }

  came({ producer, owner, appData }: ProducerEntry): void {
    const source = typeof appData.source === 'string' ? appData.source : '';
    const mimeType = producer.rtpParameters.codecs[0]?.mimeType ?? '';
    this.#say({ t: 'producer', producerId: producer.id, owner, kind: producer.kind, source, mimeType });
  }

  went({ producer }: ProducerEntry): void {
    this.#drop(producer.id);
    this.#say({ t: 'gone', producerId: producer.id });
  }

  end(): void {
    this.#say({ t: 'end' });
    this.#close();
    this.#socket.end();
  }

  async #obey(line: string): Promise<void> {
    let message: FromRecorder;
    try {
      message = FromRecorder.parse(JSON.parse(line));
    } catch {
      this.#socket.destroy();
      return;
    }
    const { producerId } = message;
    try {
      const taken = this.#taken.get(producerId);
      if (message.t === 'take') await this.#take(message);
      else if (message.t === 'drop') this.#drop(producerId);
      else if (message.t === 'go') await taken?.consumer.resume();
      else await taken?.consumer.requestKeyFrame();
    } catch (error) {
      this.#say({
        t: 'refused',
        producerId,
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async #take({ producerId, port, rtcpPort }: Extract<FromRecorder, { t: 'take' }>): Promise<void> {
    const entry = this.#room.find('producer', this.#room.producers, producerId);
    this.#drop(producerId);
    const { router } = entry.site;
    const transport = await router.createPlainTransport({
      listenInfo: { protocol: 'udp', ip: '127.0.0.1' },
      rtcpMux: false,
      comedia: false,
    });
    try {
      await transport.connect({ ip: '127.0.0.1', port, rtcpPort });
      const consumer = await transport.consume({
        producerId,
        rtpCapabilities: recorderCapabilities(router.rtpCapabilities),
        paused: true,
        enableRtx: false,
      });
      if (this.#closed || !this.#room.producers.has(producerId)) {
        transport.close();
        return;
      }
      this.#taken.set(producerId, { transport, consumer });
      this.#room.wanted.tap(producerId, 1);
      transport.observer.once('close', () => {
        this.#taken.delete(producerId);
        this.#room.wanted.tap(producerId, -1);
      });
      this.#say({ t: 'taken', producerId, rtpParameters: consumer.rtpParameters as never });
    } catch (error) {
      transport.close();
      throw error;
    }
  }

  #drop(producerId: string): void {
    this.#taken.get(producerId)?.transport.close();
  }

  #close(): void {
    this.#closed = true;
    this.#room.watchers.delete(this);
    for (const { transport } of [...this.#taken.values()]) transport.close();
  }

  #say(message: FromHost): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`);
  }
}

/** A recorder on loopback loses nothing, so it asks for no packet again: only key frames are of use to it. */
function recorderCapabilities(capabilities: types.RtpCapabilities): types.RtpCapabilities {
  return {
    codecs: (capabilities.codecs ?? [])
      .filter(({ mimeType }) => !mimeType.endsWith('/rtx'))
      .map((codec) => ({
        ...codec,
        rtcpFeedback: (codec.rtcpFeedback ?? []).filter(
          ({ type, parameter }) => parameter === 'pli' || (type === 'ccm' && parameter === 'fir'),
        ),
      })),
    headerExtensions: [],
  };
}
