import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type ConcludeContext,
  type Conclusion,
  ffmpegTool,
  NotAPlainFile,
  type OutputFile,
  plainFile,
  programCode,
  programFile,
  type TaskExecutor,
  TaskFailure,
} from '@backlot/node/workload';
import { FILM_KIND, JoinParameters, type JoinReport } from '../../contract.ts';
import { recordingFailure } from '../shard/failures.ts';
import { concludeChats } from './conclude-chats.ts';
import { countPackets } from './count-packets.ts';
import { JOIN_ANSWER, JOIN_ORDER, JOIN_OUT, type JoinAnswer, type JoinOrder, KILLED } from './join-files.ts';
import { lackingMs } from './wall-cover.ts';

const program = programFile(import.meta.url, './join-main');

/** `recordings.join`: segments become films, one for each part, and every frame is counted before they count. */
export const joinExecutor: TaskExecutor<JoinParameters> = {
  parameters: JoinParameters,

  async prepare({ parameters, workDir, inputsDir, capabilities }) {
    const ffmpeg = ffmpegTool(capabilities, 'ffmpeg');
    if (ffmpeg === undefined || ffmpegTool(capabilities, 'ffprobe') === undefined)
      throw new TaskFailure(recordingFailure('capability', 'recordings.join_tool'));
    await rm(join(workDir, JOIN_OUT), { recursive: true, force: true });
    await rm(join(workDir, JOIN_ANSWER), { force: true });
    await mkdir(join(workDir, JOIN_OUT), { recursive: true });
    const order: JoinOrder = {
      ffmpeg,
      segments: parameters.segments.map(({ input, meta }) => ({ ...meta, path: join(inputsDir, input) })),
      container: parameters.container,
      title: parameters.title ?? null,
      ...(parameters.chats.length > 0
        ? {
            chats: parameters.chats.map(({ input, meta: { broadcast, number } }) => ({
              path: join(inputsDir, input),
              broadcast,
              number,
            })),
            chatArea: parameters.chatArea,
          }
        : {}),
    };
    await writeFile(join(workDir, JOIN_ORDER), JSON.stringify(order));
    return {
      argv: [process.execPath, '--no-warnings', program],
      sandbox: { network: 'none', readOnly: programCode(program) },
    };
  },

  // Every packet of every film is counted, and each count has a limit by its film's length.
  concludeLimitMs: 12 * 3_600_000,

  async conclude(context): Promise<Conclusion> {
    const { exit, workDir, parameters } = context;
    if (exit.cause !== 'exited' || exit.code !== 0) return await brokenEnd(context);
    const answer = JSON.parse(await readFile(join(workDir, JOIN_ANSWER), 'utf8')) as JoinAnswer;
    if (answer.parts.length === 0) {
      const count = parameters.segments.length;
      return { outcome: 'failed', failure: recordingFailure('input', 'recordings.join_no_media', { count }) };
    }
    const lacking = lackingMs(
      parameters.segments.map(({ meta }) => meta),
      answer.parts,
    );
    if (lacking > 0) return wrongFilm(`it lacks ${lacking} ms of what its segments cover`);
    const outputs: OutputFile[] = [];
    const parts: JoinReport['parts'] = [];
    try {
      for (const part of answer.parts) {
        const path = await plainFile(workDir, `${JOIN_OUT}/${part.file}`);
        const found = await countPackets(context, path);
        const wrong = compare(part, found);
        if (wrong !== undefined) return wrongFilm(wrong);
        const { size } = await stat(path);
        const { file: name, zeroMs: _plan, ...counts } = part;
        const facts = { ...counts, audioFrames: found.audio, bytes: size };
        parts.push({ name, ...facts });
        outputs.push({
          name,
          kind: FILM_KIND,
          path: `${JOIN_OUT}/${name}`,
          mediaType: parameters.container === 'mp4' ? 'video/mp4' : 'video/x-matroska',
          ...(parameters.hold ? { hold: true } : {}),
          meta: {
            ...facts,
            ...(parameters.title === undefined ? {} : { title: parameters.title }),
            ...originOf(parameters),
          },
        });
      }
    } catch (error) {
      if (error instanceof NotAPlainFile) return wrongFilm(error.message);
      throw error;
    }
    const chat = await concludeChats(context, answer, originOf(parameters));
    return {
      outcome: 'ok',
      outputs: [...outputs, ...chat.outputs],
      result: { ...reportOf(parts, answer), ...(chat.report ? { chat: chat.report } : {}) },
    };
  },
};

/** Which broadcast a film is of, and by which recorders' names for it: more than one, when it moved between nodes. */
function originOf({ broadcast, segments }: JoinParameters): { broadcast?: string; sightings: string[] } {
  const sightings = [...new Set(segments.map(({ meta }) => meta.broadcast))];
  const of = broadcast ?? sightings[0];
  return { ...(of === undefined ? {} : { broadcast: of }), sightings };
}

function reportOf(parts: JoinReport['parts'], answer: JoinAnswer): JoinReport {
  const sum = (of: (part: JoinReport['parts'][number]) => number) =>
    parts.reduce((total, part) => total + of(part), 0);
  return {
    lossMs: answer.parts.reduce((total, { lossMs }) => total + lossMs, 0),
    // A broadcast of thousands of holes has a report that can still be sent.
    gaps: answer.parts.flatMap(({ gaps }) => [...gaps]).slice(0, 200),
    durationMs: sum(({ durationMs }) => durationMs),
    videoFrames: sum(({ videoFrames }) => videoFrames),
    audioFrames: sum(({ audioFrames }) => audioFrames),
    parts: parts.slice(0, 100).map((part) => ({ ...part, gaps: undefined })),
  };
}

function compare(
  part: JoinAnswer['parts'][number],
  found: { readonly video: number; readonly audio: number },
): string | undefined {
  if (found.video !== part.videoFrames)
    return `it has ${found.video} pictures and its segments have ${part.videoFrames}`;
  if (part.audioFrames !== undefined && found.audio !== part.audioFrames)
    return `it has ${found.audio} packets of sound and its segments have ${part.audioFrames}`;
  return undefined;
}

function wrongFilm(detail: string): Conclusion {
  return { outcome: 'failed', failure: recordingFailure('output', 'recordings.join_wrong', { detail }) };
}

/** What a program that ended badly said of it: its error, without the trace and the version that Node writes below. */
function lastWords(log: string): string | undefined {
  const lines = log.split('\n').filter((line) => !/^(\s|[{}]|Node\.js v|$)/.test(line));
  return (lines.findLast((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1))?.slice(0, 200);
}

async function brokenEnd({ exit, logTail }: ConcludeContext<JoinParameters>): Promise<Conclusion> {
  const log = await logTail('stderr');
  const detail = lastWords(log) ?? exit.signal ?? exit.cause;
  // Killed by nobody of ours: says nothing about the segments, and costs no attempt.
  const killed = exit.cause === 'exited' && (exit.signal === 'SIGKILL' || exit.code === KILLED);
  const failureClass =
    killed || /No space left on device|ENOSPC/.test(log) ? 'node' : exit.cause === 'oom' ? 'memory' : 'crash';
  return {
    outcome: 'failed',
    failure: recordingFailure(failureClass, 'recordings.join_failed', { detail }, log),
  };
}
