import { stat } from 'node:fs/promises';
import { ffmpegTool, readingLimitMs, type TaskContext } from '@backlot/node/workload';
import type { MediaFacts } from '../../contract.ts';
import { sourceArguments } from '../encode/arguments.ts';
import { optionBytes, readOptions } from '../prove/option-string.ts';
import { maxFactsBytes, packetArguments, readFacts, streamArguments } from './read-facts.ts';

const glimpseMs = 60_000;

/** A film can't be read; the message is what ffprobe or ffmpeg said. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}

export type LookContext = Pick<
  TaskContext<unknown>,
  'run' | 'signal' | 'inputsDir' | 'workDir' | 'capabilities' | 'log'
>;

/**
 * What a film is, packet by packet, read in the sandbox: it came from somebody.
 *
 * @throws Unreadable
 */
export async function lookAt(context: LookContext, path: string): Promise<MediaFacts> {
  const ffprobe = ffmpegTool(context.capabilities, 'ffprobe') ?? 'ffprobe';
  const source = sourceArguments(path);
  const streams = await ask(context, streamArguments(ffprobe, source), glimpseMs);
  const packets = await ask(
    context,
    packetArguments(ffprobe, source),
    await wholeReadMs(path),
    maxFactsBytes,
  );
  try {
    return readFacts(streams.toString('utf8'), packets.toString('latin1'));
  } catch (error) {
    throw new Unreadable(
      error instanceof Error ? error.message.slice(0, 200) : 'ffprobe said nothing of use',
    );
  }
}

/** For comparing a film with what it was made of, each read whole. Milliseconds. */
export const concludeLimitMs = 24 * 3_600_000;

/** How long a program may take to read every packet of a film. Milliseconds. */
export async function wholeReadMs(path: string): Promise<number> {
  // A file that is not there is the program's to complain about.
  const size = await stat(path).then(
    (facts) => facts.size,
    () => 0,
  );
  return readingLimitMs(size);
}

/** The options that the encoder has left in the first picture of an H.264 or H.265 film. */
export async function lookForOptions(
  context: LookContext,
  path: string,
  codec: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const format = codec === 'h264' ? 'h264' : codec === 'hevc' ? 'hevc' : undefined;
  if (format === undefined) return undefined;
  const ffmpeg = ffmpegTool(context.capabilities, 'ffmpeg') ?? 'ffmpeg';
  const argv = [
    ffmpeg,
    ...['-nostdin', '-v', 'error'],
    ...sourceArguments(path),
    ...[
      '-map',
      '0:v:0',
      '-c',
      'copy',
      '-frames:v',
      '1',
      '-bsf:v',
      `${format}_mp4toannexb`,
      '-f',
      format,
      'pipe:1',
    ],
  ];
  return readOptions(await ask(context, argv, glimpseMs, optionBytes));
}

/** What a program of ffmpeg prints about a film, run in the sandbox. @throws Unreadable with its last words */
export async function ask(
  { run, signal, inputsDir, workDir }: LookContext,
  argv: readonly string[],
  timeoutMs: number,
  maxOutput?: number,
): Promise<Buffer> {
  const ended = await run(argv, {
    timeoutMs,
    signal,
    cwd: workDir,
    sandbox: { network: 'none', readOnly: [inputsDir], workDir },
    ...(maxOutput === undefined ? {} : { maxOutput }),
  });
  if (ended.timedOut) throw new Unreadable(`it could not be read in ${Math.round(timeoutMs / 1000)} s`);
  if (ended.code !== 0) throw new Unreadable(lastLine(ended.stderr) || `exit code ${ended.code}`);
  return ended.stdout;
}

function lastLine(text: Buffer): string {
  const line = text.toString('utf8').trim().split('\n').at(-1) ?? '';
  // Paths are ours and say nothing to anyone.
  return line.replace(/^file:\S+: /, '').slice(0, 200);
}
