import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { ChatLine } from '../../contract/chat.ts';
import type { ChatCover } from '../../contract/join.ts';
import { chatName, type JoinChat, type JoinedChat, subtitlesName } from '../join/join-files.ts';
import type { JoinPart } from '../join/plan-join.ts';
import { assSubtitles } from './ass-subtitles.ts';
import { layoutChat } from './layout-chat.ts';
import { type FiledLine, orderLines } from './order-lines.ts';
import { filmMs, placeChats } from './place-chats.ts';
import { type ChatLimits, chatLimits, readBilibiliXml } from './read-bilibili-xml.ts';

/** What was said beside a film. */
export interface FilmChat {
  /** The film's name. */
  readonly film: string;
  readonly lines: number;
  readonly notDrawn: number;
  /** Whether there are subtitles: there are none where nothing can be seen of it. */
  readonly subtitles: boolean;
}

/** How much of a broadcast's chat is kept: it lies in the memory of the join at once. */
export interface WholeLimits extends ChatLimits {
  readonly lines: number;
  /** UTF-16 units of all texts together. */
  readonly units: number;
}
const wholeLimits: WholeLimits = { ...chatLimits, lines: 200_000, units: 16_000_000 };

/** A film that was made of a part, and what it calls 0. */
export type MadeFilm = { readonly file: string; readonly zeroMs: number } | undefined;

/**
 * Writes the chat of each film, and the subtitles of it, beside the film. It never throws: the films are what counts, and
 * whatever is wrong with a chat is told.
 * @param films of each part of the plan, undefined where it became none
 */
export async function writeChats(
  chats: readonly JoinChat[],
  plan: readonly JoinPart[],
  films: readonly MadeFilm[],
  area: ChatCover,
  folder: string,
  limits: WholeLimits = wholeLimits,
): Promise<JoinedChat> {
  const written: FilmChat[] = [];
  let unreadable = 0;
  let cut = 0;
  try {
    const zeros = films.map((film) => film?.zeroMs);
    const places = placeChats(chats, plan, zeros);
    const lines = plan.map((): FiledLine[] => []);
    let left = limits.lines;
    let units = limits.units;
    for (const [file, { path }] of chats.entries()) {
      const place = places[file];
      if (!place) continue;
      const of = lines[place.part];
      const take = ({ seconds, ...line }: Parameters<Parameters<typeof readBilibiliXml>[1]>[0]) => {
        units -= line.user.length + line.text.length;
        if (left <= 0 || units < 0) return false;
        left -= 1;
        of?.push({ file, line: { ms: filmMs(seconds, place), ...line } });
        return true;
      };
      try {
        if ((await readBilibiliXml(path, take, limits)).cut) cut += 1;
      } catch (error) {
        unreadable += 1;
        process.stderr.write(`A chat can not be read: ${wordOf(error)}\n`);
      }
    }
    for (const [part, film] of films.entries()) {
      const ordered = orderLines(lines[part] ?? []);
      if (film && ordered.length > 0)
        written.push(writeOne(film.file, ordered, pictureOf(plan[part]), area, folder));
    }
    return { films: written, unreadable, cut };
  } catch (error) {
    return { films: written, unreadable, cut, failed: wordOf(error) };
  }
}

function writeOne(
  film: string,
  lines: readonly ChatLine[],
  picture: { readonly width: number; readonly height: number } | undefined,
  area: ChatCover,
  folder: string,
): FilmChat {
  writePieces(join(folder, chatName(film)), asJson(lines));
  const layout = picture && area !== 'none' ? layoutChat(lines, picture, area) : undefined;
  const subtitles = layout !== undefined && layout.placed.length > 0;
  if (subtitles) writePieces(join(folder, subtitlesName(film)), assSubtitles(layout));
  return { film, lines: lines.length, notDrawn: layout?.notDrawn ?? 0, subtitles };
}

function* asJson(lines: readonly ChatLine[]): Generator<string> {
  for (const line of lines) yield `${JSON.stringify(line)}\n`;
}

/** A film without a picture has nothing to fly over. */
function pictureOf(part: JoinPart | undefined) {
  return part?.runs.flatMap(({ segments }) => segments).find(({ width, height }) => width > 0 && height > 0);
}

const pieceBytes = 256 * 1024;

/** Piece by piece, so that it is never all in memory. Nothing is left of a file that could not be written whole. */
function writePieces(path: string, pieces: Iterable<string>): void {
  const fd = openSync(path, 'w');
  try {
    let waiting = '';
    for (const piece of pieces) {
      waiting += piece;
      if (waiting.length < pieceBytes) continue;
      writeAll(fd, waiting);
      waiting = '';
    }
    writeAll(fd, waiting);
  } catch (error) {
    rmSync(path, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

function wordOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 200);
}
