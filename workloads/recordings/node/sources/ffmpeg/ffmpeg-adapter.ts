import { mkdirSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { sourceReason } from '../../../contract/source-phrases.ts';
import {
  connectReadable,
  type OpenContext,
  type SourceAdapter,
  type SourceConnection,
  type SourceEnd,
  SourceFault,
  SourceRefused,
  type SourceSpecLike,
} from '../../source-port.ts';
import { ChildTree, childEnvironment } from '../child-tree.ts';
import { type FfmpegPlan, ffmpegKinds, planFfmpeg } from './arguments.ts';
import { needsOtherSound, verdictOf, verdictWords } from './what-it-says.ts';

/**
 * Sources that ffmpeg reads for us: RTMP(S), RTSP, SRT, and whatever a resolver found. One process each, which passes on
 * the media on its standard output: as the protocol carries them, or copied into a transport stream. It belongs to the shard: when the shard is gone, the pipe is too,
 * and ffmpeg ends with its next packet or its own time limit.
 */
export const ffmpegAdapter: SourceAdapter = {
  kinds: ffmpegKinds,
  openMs: 20_000,
  async open(spec, context) {
    for (const sound of ['copy', 'aac'] as const) {
      const found = await tryOpen(spec, context, sound);
      if (found !== 'other-sound') return found;
    }
    throw new SourceRefused('unusable', verdictWords.unusable);
  },
};

async function tryOpen(
  spec: SourceSpecLike,
  context: OpenContext,
  sound: 'copy' | 'aac',
): Promise<SourceConnection | 'other-sound'> {
  context.signal.throwIfAborted();
  const ffmpeg = context.env.BACKLOT_FFMPEG || 'ffmpeg';
  const plan = planFfmpeg(ffmpeg, spec, sound);
  mkdirSync(context.scratchDir, { recursive: true });
  const child = new ChildTree(plan.argv, {
    cwd: context.scratchDir,
    env: childEnvironment(context.env, context.scratchDir),
  });
  const { stdout } = child.process;
  if (!stdout) throw new Error('ffmpeg has no output.');
  const abort = () => child.kill();
  context.signal.addEventListener('abort', abort, { once: true });
  try {
    const flows = await Promise.race([firstBytes(stdout), child.closed.then(() => false)]);
    context.signal.throwIfAborted();
    if (!flows) return refuse(child.said);
    if (sound === 'copy' && needsOtherSound(child.said)) {
      child.kill();
      stdout.destroy();
      context.log('the sound of this source is encoded, because a transport stream can’t carry it', {
        address: plan.address.shown,
      });
      return 'other-sound';
    }
    return connect(child, stdout, plan);
  } catch (error) {
    child.kill();
    throw error;
  } finally {
    context.signal.removeEventListener('abort', abort);
  }
}

/** True when there is something to read; it stays in the stream. */
function firstBytes(stdout: Readable): Promise<boolean> {
  return new Promise((resolve) => {
    stdout.once('readable', () => resolve(stdout.readableLength > 0));
    stdout.once('error', () => resolve(false));
  });
}

function refuse(said: string): never {
  const verdict = verdictOf(said);
  if (/^spawn: /m.test(said))
    throw new SourceRefused('unusable', 'no_tool', { tool: 'ffmpeg', variable: 'BACKLOT_FFMPEG' });
  if (verdict === 'denied') throw new SourceRefused('denied', verdictWords.denied);
  if (verdict === 'offline') throw new SourceRefused('offline', verdictWords.offline);
  if (verdict === 'unusable' || verdict === 'tool')
    throw new SourceRefused('unusable', verdictWords[verdict]);
  throw new SourceFault(verdictWords[verdict]);
}

function connect(
  child: ChildTree,
  stdout: Readable,
  { address, container, silenceMs }: FfmpegPlan,
): SourceConnection {
  return connectReadable({
    container,
    ...(silenceMs === undefined ? {} : { silenceMs }),
    facts: { address: address.shown },
    readable: stdout,
    close: () => child.end(),
    async ended(): Promise<SourceEnd> {
      await child.closed;
      const verdict = verdictOf(child.said);
      // Whether the broadcast is over can't be told from here: a cut and an end look the same, exit code 0 and silence.
      return {
        why: verdict === 'nothing-said' ? 'closed' : 'failed',
        reason: sourceReason(verdictWords[verdict]),
      };
    },
  });
}
