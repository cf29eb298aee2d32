import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { writeChats } from '../chat/write-chats.ts';
import { fileProofs } from './file-proofs.ts';
import { filmArguments } from './film-arguments.ts';
import { isForeign } from './foreign-codecs.ts';
import {
  filmName,
  JOIN_ANSWER,
  JOIN_ORDER,
  JOIN_OUT,
  type JoinAnswer,
  type JoinOrder,
  KILLED,
} from './join-files.ts';
import { joinFlv } from './join-flv.ts';
import { joinFmp4 } from './join-fmp4.ts';
import { joinTs } from './join-ts.ts';
import { type JoinPart, planJoin } from './plan-join.ts';

/**
 * Joins segments to films, in the sandbox of a task: each part becomes one stream that flows through a pipe into ffmpeg,
 * which only changes the container. `join-main` runs in the work folder and leaves its counts in `joined.json`.
 */
const order = JSON.parse(readFileSync(JOIN_ORDER, 'utf8')) as JoinOrder;
mkdirSync(JOIN_OUT, { recursive: true });
const parts: JoinAnswer['parts'][number][] = [];
const plan = planJoin(order.segments, fileProofs);
const films: ({ readonly file: string; readonly zeroMs: number } | undefined)[] = [];
for (const part of plan) {
  const file = filmName(parts.length, order.container);
  const joined = await makeFilm(part, file);
  if (joined.videoFrames + (joined.audioFrames ?? 1) === 0) {
    films.push(undefined);
    continue;
  }
  parts.push({ ...joined, file });
  films.push({ file, zeroMs: joined.zeroMs });
  process.stdout.write(`${JSON.stringify({ part: part.part, file })}\n`);
}
const { chats = [], chatArea = 'half' } = order;
const chat = chats.length > 0 ? { chat: await writeChats(chats, plan, films, chatArea, JOIN_OUT) } : {};
writeFileSync(JOIN_ANSWER, JSON.stringify({ parts, ...chat } satisfies JoinAnswer));

async function makeFilm(part: JoinPart, file: string) {
  const first = part.runs[0]?.segments[0];
  const foreign = part.container === 'flv' && first !== undefined && isForeign(first.codecs);
  const [program, ...args] = filmArguments({
    ffmpeg: order.ffmpeg,
    from: foreign ? 'fmp4' : part.container,
    container: order.container,
    hevc: part.runs.some(({ segments }) => segments.some(({ codecs }) => codecs.includes('hevc'))),
    title: order.title,
    output: join(process.cwd(), JOIN_OUT, file),
  });
  const child = spawn(program, args, { stdio: ['pipe', 'inherit', 'inherit'] });
  const ended = new Promise<number>((resolve) => {
    child.once('error', (error) => {
      process.stderr.write(`${program} can not be started: ${error.message}\n`);
      resolve(127);
    });
    child.once('close', (code, signal) => resolve(code ?? (signal ? 128 + constants.signals[signal] : 1)));
  });
  child.stdin.on('error', () => {});
  try {
    const joined = await write(part, child.stdin, foreign);
    child.stdin.end();
    const code = await ended;
    if (code !== 0) throw new Error(`ffmpeg ended with code ${code}.`);
    return joined;
  } catch (error) {
    child.stdin.destroy();
    const code = await ended;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    // Its end by somebody outside is ours too: that costs no attempt.
    process.exit(code === KILLED ? KILLED : 1);
  }
}

async function write(part: JoinPart, out: Writable, foreign: boolean) {
  if (part.container === 'flv') return await joinFlv(part, out, foreign);
  return part.container === 'ts' ? await joinTs(part, out) : await joinFmp4(part, out);
}
