import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { freePort, program, type TestProgram } from './listeners.ts';

/**
 * A small RTSP server (RFC 2326) for one film: real ffmpeg makes the RTP packets and the SDP, this relays them interleaved
 * on the TCP connection, as a camera would. Digest authentication is not there; `password` asks for basic.
 */
export class RtspServer {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #players = new Set<Socket>();
  readonly #password: string | undefined;
  readonly #sdp: string;
  readonly #ports: readonly UdpSocket[];
  readonly #ffmpeg: TestProgram;
  readonly url: string;

  private constructor(parts: {
    server: Server;
    sdp: string;
    ports: readonly UdpSocket[];
    ffmpeg: TestProgram;
    port: number;
    password: string | undefined;
  }) {
    this.#server = parts.server;
    this.#sdp = parts.sdp;
    this.#ports = parts.ports;
    this.#ffmpeg = parts.ffmpeg;
    this.#password = parts.password;
    this.url = `rtsp://${parts.password ? `camera:${parts.password}@` : ''}127.0.0.1:${parts.port}/cam/1`;
    parts.server.on('connection', (socket) => this.#serve(socket));
    parts.ports.forEach((udp, track) => {
      udp.on('message', (packet) => {
        const frame = Buffer.from([0x24, track * 2, packet.length >> 8, packet.length & 0xff]);
        for (const player of this.#players) player.write(Buffer.concat([frame, packet]));
      });
    });
  }

  /** @param sound of the film in the stream: `aac` as it is, or `alaw` as many cameras have */
  static async open(options: {
    readonly path: string;
    readonly folder: string;
    readonly sound?: 'aac' | 'alaw';
    /** As it stands in the address, encoded. */
    readonly password?: string;
  }): Promise<RtspServer> {
    const ports = await Promise.all([udpSocket(), udpSocket()]);
    const [video = 0, audio = 0] = ports.map((udp) => udp.address().port);
    const sdpFile = join(options.folder, `cam-${video}.sdp`);
    const sound =
      options.sound === 'alaw' ? ['-c:a', 'pcm_alaw', '-ar', '8000', '-ac', '1'] : ['-c:a', 'copy'];
    const ffmpeg = program('', [
      ...['ffmpeg', '-nostdin', '-v', 'error', '-re', '-stream_loop', '-1', '-i', options.path],
      ...[
        '-map',
        '0:v',
        '-c:v',
        'copy',
        '-f',
        'rtp',
        `rtp://127.0.0.1:${video}?rtcpport=${await freePort()}`,
      ],
      ...['-map', '0:a', ...sound, '-f', 'rtp', `rtp://127.0.0.1:${audio}?rtcpport=${await freePort()}`],
      ...['-sdp_file', sdpFile],
    ]);
    const sdp = await waitForFile(sdpFile, ffmpeg);
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    return new RtspServer({ server, sdp: toTracks(sdp), ports, ffmpeg, port, password: options.password });
  }

  /** Cuts every connection. */
  drop(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async close(): Promise<void> {
    this.drop();
    await this.#ffmpeg.close();
    for (const udp of this.#ports) udp.close();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    let text = '';
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#sockets.delete(socket);
      this.#players.delete(socket);
    });
    socket.on('data', (chunk: Buffer) => {
      // Reports of the player (RTCP) come in between, as `$`, channel, length; nobody needs them here.
      text += chunk.toString('latin1');
      for (;;) {
        if (text.startsWith('$')) {
          if (text.length < 4) return;
          const length = text.charCodeAt(2) * 256 + text.charCodeAt(3);
          if (text.length < 4 + length) return;
          text = text.slice(4 + length);
          continue;
        }
        const end = text.indexOf('\r\n\r\n');
        if (end < 0) return;
        this.#answer(socket, text.slice(0, end));
        text = text.slice(end + 4);
      }
    });
  }

  #answer(socket: Socket, request: string): void {
    const [method = ''] = request.split(' ');
    const header = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(request)?.[1]?.trim() ?? '';
    const reply = (status: string, headers: readonly string[] = [], body = '') =>
      socket.write([`RTSP/1.0 ${status}`, `CSeq: ${header('CSeq')}`, ...headers, '', body].join('\r\n'));
    const wanted =
      this.#password &&
      `Basic ${Buffer.from(`camera:${decodeURIComponent(this.#password)}`).toString('base64')}`;
    if (wanted && method !== 'OPTIONS' && header('Authorization') !== wanted)
      return void reply('401 Unauthorized', ['WWW-Authenticate: Basic realm="camera"']);
    if (method === 'DESCRIBE')
      return void reply(
        '200 OK',
        ['Content-Type: application/sdp', `Content-Length: ${this.#sdp.length}`],
        this.#sdp,
      );
    if (method === 'SETUP') {
      const asked = header('Transport');
      if (!asked.includes('interleaved')) return void reply('461 Unsupported transport');
      const track = /track=(\d)/.exec(request)?.[1] ?? '0';
      const channels = `${Number(track) * 2}-${Number(track) * 2 + 1}`;
      return void reply('200 OK', [`Transport: RTP/AVP/TCP;unicast;interleaved=${channels}`, 'Session: 1']);
    }
    if (method === 'PLAY') {
      reply('200 OK', ['Session: 1', 'Range: npt=0.000-']);
      this.#players.add(socket);
      return;
    }
    if (method === 'TEARDOWN') {
      reply('200 OK', ['Session: 1']);
      socket.end();
      return;
    }
    reply('200 OK', ['Session: 1', 'Public: OPTIONS, DESCRIBE, SETUP, TEARDOWN, PLAY, GET_PARAMETER']);
  }
}

/** The SDP names UDP ports; a player of ours gets a control address for each track instead. */
function toTracks(sdp: string): string {
  let track = -1;
  return sdp
    .replace(/^SDP:\r?\n/, '')
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .flatMap((line) => {
      if (!line.startsWith('m=')) return [line];
      track += 1;
      return [line.replace(/^(m=\w+) \d+/, '$1 0'), `a=control:track=${track}`];
    })
    .join('\r\n')
    .concat('\r\n');
}

async function udpSocket(): Promise<UdpSocket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return socket;
}

async function waitForFile(path: string, maker: TestProgram): Promise<string> {
  for (let tries = 0; tries < 400; tries += 1) {
    try {
      const text = readFileSync(path, 'utf8');
      if (text.split('m=').length >= 3) return text;
    } catch {
      // Not written yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`ffmpeg wrote no SDP: ${maker.said()}`);
}
