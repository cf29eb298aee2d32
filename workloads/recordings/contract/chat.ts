import { Id } from '@backlot/contract/id';
import { z } from 'zod';

/** What people wrote while a channel was live, as its engine has written it down: a file beside each segment that has some. */
export const CHAT_KIND = 'recordings.chat';
/** The chat of a film on the film's own clock: a `ChatLine` as JSON in each line, in the order of time. */
export const FILM_CHAT_KIND = 'recordings.film-chat';
/** The same as subtitles (.ass) that fly over the picture. */
export const CHAT_SUBTITLES_KIND = 'recordings.chat-subtitles';

/** How a file of chat is written. `bilibili-xml`: `<d p="…">` and so on, as BililiveRecorder and most tools for it. */
export const chatFormats = ['bilibili-xml'] as const;

/** What the artifact of a chat says about it. */
export const ChatMeta = z.looseObject({
  broadcast: Id,
  take: Id,
  /** Of the segment that it belongs to; its clock begins with that segment's first picture. */
  number: z.number().int(),
  format: z.enum(chatFormats),
});
export type ChatMeta = z.infer<typeof ChatMeta>;

/**
 * message   what somebody wrote
 * paid      what somebody paid for to be seen longer (a super chat)
 * gift      a gift, in `text` its name
 * member    somebody has become a member, in `text` of what
 */
export const chatLineKinds = ['message', 'paid', 'gift', 'member'] as const;

export const ChatLine = z.object({
  /** Of the film. Milliseconds. */
  ms: z.number().int().nonnegative(),
  kind: z.enum(chatLineKinds),
  user: z.string().max(200),
  text: z.string().max(1_000),
  /** 0xRRGGBB, where its writer chose one. */
  color: z.number().int().min(0).max(0xffffff).optional(),
  /** Where on the picture its writer wanted it; flies across unless told. */
  place: z.enum(['top', 'bottom']).optional(),
  /** What was paid, in the platform's own money. */
  price: z.number().nonnegative().optional(),
  /** How many gifts, or months. */
  count: z.number().int().positive().optional(),
});
export type ChatLine = z.infer<typeof ChatLine>;

/** What the artifact of a film's chat, or of its subtitles, says: of which film, and how much there is. */
export const FilmChatMeta = z.looseObject({
  broadcast: Id.optional(),
  /** Name and part of the film, which the same task has made. */
  film: z.string(),
  part: z.number().int(),
  lines: z.number().int(),
});
export type FilmChatMeta = z.infer<typeof FilmChatMeta>;
