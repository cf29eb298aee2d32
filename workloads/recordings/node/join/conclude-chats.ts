import { createReadStream } from 'node:fs';
import { type ConcludeContext, type OutputFile, plainFile } from '@backlot/node/workload';
import {
  CHAT_SUBTITLES_KIND,
  FILM_CHAT_KIND,
  type FilmChatMeta,
  type JoinChatReport,
  type JoinParameters,
} from '../../contract.ts';
import type { FilmChat } from '../chat/write-chats.ts';
import { chatName, JOIN_OUT, type JoinAnswer, subtitlesName } from './join-files.ts';

/** What a join has made of the chat. */
export interface ConcludedChats {
  readonly outputs: readonly OutputFile[];
  /** Undefined where no chat was given. */
  readonly report: JoinChatReport | undefined;
}

/**
 * Judges the chat that lies beside the films. What is not as the program says is left out and told: a film whose chat is
 * lost is a film.
 * @param origin which broadcast it is of, as its films say it
 */
export async function concludeChats(
  { workDir, parameters, log }: ConcludeContext<JoinParameters>,
  { parts, chat }: JoinAnswer,
  origin: Readonly<Record<string, unknown>>,
): Promise<ConcludedChats> {
  if (!chat) return { outputs: [], report: undefined };
  const outputs: OutputFile[] = [];
  const whole: FilmChat[] = [];
  let failed = chat.failed;
  for (const one of chat.films) {
    const part = parts.find(({ file }) => file === one.film);
    if (!part) continue;
    const meta: FilmChatMeta = { ...origin, film: one.film, part: part.part, lines: one.lines };
    const hold = parameters.hold ? { hold: true as const } : {};
    const described = (name: string) => ({ name, path: `${JOIN_OUT}/${name}`, meta, ...hold });
    try {
      const lines = await countLines(await plainFile(workDir, `${JOIN_OUT}/${chatName(one.film)}`));
      if (lines !== one.lines) throw new Error(`it has ${lines} lines, and ${one.lines} were written`);
      const found: OutputFile[] = [
        { ...described(chatName(one.film)), kind: FILM_CHAT_KIND, mediaType: 'application/jsonl' },
      ];
      if (one.subtitles) {
        await plainFile(workDir, `${JOIN_OUT}/${subtitlesName(one.film)}`);
        found.push({
          ...described(subtitlesName(one.film)),
          kind: CHAT_SUBTITLES_KIND,
          mediaType: 'text/x-ssa',
        });
      }
      outputs.push(...found);
      whole.push(one);
    } catch (error) {
      failed ??= (error instanceof Error ? error.message : String(error)).slice(0, 300);
      log.warn({ err: error, film: one.film }, 'the chat of a film is left out');
    }
  }
  const sum = (of: (film: FilmChat) => number) => whole.reduce((total, film) => total + of(film), 0);
  return {
    outputs,
    report: {
      files: parameters.chats.length,
      lines: sum(({ lines }) => lines),
      notDrawn: sum(({ notDrawn }) => notDrawn),
      unreadable: chat.unreadable,
      cut: chat.cut,
      ...(failed === undefined ? {} : { failed }),
    },
  };
}

async function countLines(path: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes = chunk as Buffer;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines += 1;
  }
  return lines;
}
