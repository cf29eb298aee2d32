import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ffmpegTool, readingLimitMs, type TaskContext, TaskFailure } from '@backlot/node/workload';
import { z } from 'zod';
import { recordingFailure } from '../shard/failures.ts';

const Probed = z.object({
  streams: z.array(z.object({ codec_type: z.string().optional(), nb_read_packets: z.string().optional() })),
});

/**
 * Packets of picture and sound, by reading all of them: what a header says of length and number proves nothing (measured:
 * a cut off file says that it is whole).
 *
 * @throws TaskFailure when it takes longer than with any disk that works: nothing is known of the film then
 */
export async function countPackets(
  context: Pick<TaskContext<unknown>, 'run' | 'capabilities' | 'signal' | 'workDir'>,
  path: string,
): Promise<{ video: number; audio: number }> {
  const { run, capabilities, signal, workDir } = context;
  const argv = [
    ffmpegTool(capabilities, 'ffprobe') ?? 'ffprobe',
    ...['-v', 'error', '-protocol_whitelist', 'file', '-count_packets'],
    ...['-show_entries', 'stream=codec_type,nb_read_packets', '-of', 'json', `file:${path}`],
  ];
  const sandbox = { network: 'none' as const, readOnly: [dirname(path)], workDir };
  const timeoutMs = readingLimitMs((await stat(path)).size);
  const { stdout, timedOut } = await run(argv, { timeoutMs, signal, sandbox });
  if (timedOut) {
    const seconds = Math.round(timeoutMs / 1_000);
    throw new TaskFailure(recordingFailure('stall', 'recordings.join_slow', { seconds }));
  }
  const probed = Probed.safeParse(parse(stdout.toString('utf8')));
  const count = { video: 0, audio: 0 };
  for (const stream of probed.success ? probed.data.streams : []) {
    const packets = Number(stream.nb_read_packets ?? 0);
    if (stream.codec_type === 'video') count.video += packets;
    else if (stream.codec_type === 'audio') count.audio += packets;
  }
  return count;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
