import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createServer } from 'node:net';

/** A program that a test started, and ends. */
export interface TestProgram {
  readonly url: string;
  readonly process: ChildProcess;
  /** What it printed to stderr so far. */
  said(): string;
  /** Resolves when it has ended by itself. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

export interface ListenerOptions {
  /** A stamped film; see `makeSample`. */
  readonly path: string;
  /** Played so many times, then again; endless unless told. Timestamps go on. */
  readonly loops?: number;
}

/** A free port on loopback. Nothing holds it until it is used. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || !address) throw new Error('No free port.');
  return address.port;
}

const paced = ({ path, loops = -1 }: ListenerOptions) => [
  ...['-nostdin', '-v', 'error', '-re', '-stream_loop', String(loops), '-i', path, '-c', 'copy'],
];

/** An RTMP server with one stream for one viewer: ffmpeg as a listener. */
export async function rtmpServer(options: ListenerOptions, at?: string): Promise<TestProgram> {
  const url = at ?? `rtmp://127.0.0.1:${await freePort()}/live/stream`;
  return program(url, ['ffmpeg', ...paced(options), '-f', 'flv', '-listen', '1', url]);
}

/** An SRT listener for one caller. */
export async function srtServer(
  options: ListenerOptions,
  passphrase?: string,
  port?: number,
): Promise<TestProgram> {
  const address = `srt://127.0.0.1:${port ?? (await freePort())}`;
  const secret = passphrase ? `&passphrase=${passphrase}` : '';
  const own = `${address}?mode=listener${secret}`;
  return program(`${address}${passphrase ? `?passphrase=${passphrase}` : ''}`, [
    ...['ffmpeg', ...paced(options), '-f', 'mpegts', '-flush_packets', '1', own],
  ]);
}

/** Publishes a film to an RTMP (or other) address, as OBS would. */
export function publish(
  options: ListenerOptions & { readonly to: string; readonly format?: string },
): TestProgram {
  return program(options.to, ['ffmpeg', ...paced(options), '-f', options.format ?? 'flv', options.to]);
}

/** The argv of any other program, ended by pid. */
export function program(url: string, argv: readonly string[]): TestProgram {
  const [command = '', ...rest] = argv;
  const child = spawn(command, rest, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString('utf8')).slice(-20_000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve());
    child.once('close', () => resolve());
  });
  return {
    url,
    process: child,
    said: () => said,
    ended,
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Whether the first picture of a file is one that needs no other, by ffprobe. */
export function beginsWithKeyframe(path: string): boolean {
  const argv = ['-v', 'error', '-select_streams', 'v:0', '-read_intervals', '%+#1'];
  const show = ['-show_entries', 'packet=flags', '-of', 'csv=p=0'];
  return spawnSync('ffprobe', [...argv, ...show, path], {
    encoding: 'utf8',
    timeout: 170_000,
  }).stdout.startsWith('K');
}

/** Facts of a file by ffprobe: packets counted, never taken from a header. */
export function countPackets(path: string): { video: number; audio: number; errors: string } {
  const argv = [
    '-v',
    'error',
    '-count_packets',
    '-show_entries',
    'stream=codec_type,nb_read_packets',
    '-of',
    'json',
    path,
  ];
  const ended = spawnSync('ffprobe', argv, { encoding: 'utf8', timeout: 170_000 });
  const streams = (
    JSON.parse(ended.stdout || '{}') as { streams?: { codec_type: string; nb_read_packets?: string }[] }
  ).streams;
  const count = (kind: string) =>
    Number(streams?.find(({ codec_type }) => codec_type === kind)?.nb_read_packets ?? 0);
  return { video: count('video'), audio: count('audio'), errors: ended.stderr };
}

/** Decodes a file to its end; what ffmpeg complains of. Empty: it plays. */
export function complaintsOf(path: string): string {
  const argv = ['-nostdin', '-v', 'error', '-i', path, '-f', 'null', '-'];
  const ended = spawnSync('ffmpeg', argv, { encoding: 'utf8', timeout: 120_000 });
  return ended.status === 0 ? ended.stderr : ended.stderr || `ended with ${ended.status}`;
}
