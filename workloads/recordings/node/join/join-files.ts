import type { ChatCover } from '../../contract/join.ts';
import type { ChatOf } from '../chat/place-chats.ts';
import type { FilmChat } from '../chat/write-chats.ts';
import type { JoinedPart } from './joined.ts';
import type { JoinSegment } from './plan-join.ts';

/** What the program is told, in `work/`. */
export const JOIN_ORDER = 'join.json';
/** What it says in the end. */
export const JOIN_ANSWER = 'joined.json';
export const JOIN_OUT = 'out';
/** How the program tells that its ffmpeg was ended by SIGKILL: as a shell would, 128 and the signal's number. */
export const KILLED = 137;

export interface JoinOrder {
  readonly ffmpeg: string;
  readonly segments: readonly JoinSegment[];
  readonly container: 'mp4' | 'mkv';
  /** Data for the film's metadata. */
  readonly title: string | null;
  readonly chats?: readonly JoinChat[];
  /** How much of the picture chat may cover; `none` makes no subtitles. */
  readonly chatArea?: ChatCover;
}

/** A file of chat, and whose. */
export interface JoinChat extends ChatOf {
  readonly path: string;
}

export interface JoinAnswer {
  readonly parts: readonly (JoinedPart & { readonly file: string })[];
  /** Where files of chat were given. */
  readonly chat?: JoinedChat;
}

/** What became of the chat. Nothing of it can make a film fail. */
export interface JoinedChat {
  /** In the order of the films, without those that have none. */
  readonly films: readonly FilmChat[];
  /** Files that could not be read. */
  readonly unreadable: number;
  /** Files of which something was left out, because it was too much or no chat. */
  readonly cut: number;
  /** Why all of it was left out. */
  readonly failed?: string;
}

/** Names of films: the first is `film`, others have their place behind it. */
export const filmName = (index: number, container: 'mp4' | 'mkv'): string =>
  `${index === 0 ? 'film' : `film-${index + 1}`}.${container}`;

/** Names of what was said beside a film: `film.chat.jsonl` and `film.ass`. */
export const chatName = (film: string): string => `${stemOf(film)}.chat.jsonl`;
export const subtitlesName = (film: string): string => `${stemOf(film)}.ass`;
const stemOf = (film: string) => film.slice(0, film.lastIndexOf('.'));
