import type { ChatSeen } from './chat-file.ts';
import type { PendingChat } from './room-state.ts';

/** What was seen of a chat in earlier looks. */
export interface ChatWatch {
  /** Bytes; null while there is none. */
  readonly size: number | null;
  /** When it was seen so first. Milliseconds. */
  readonly since: number;
}

export interface ChatLook {
  readonly now: number;
  readonly seen: ChatSeen;
  readonly watch: ChatWatch;
  /** How long it must have stood still. Milliseconds. */
  readonly still: number;
  /** There is no next look: what is there is all that there will be. */
  readonly last: boolean;
}

/**
 * wait     it may be written to still, or come yet
 * take     it is closed, or has stood still as one of a recorder that was killed
 * forget   there is none
 * refuse   what lies there is not taken
 */
export type ChatDecision = 'wait' | 'take' | 'forget' | 'refuse';

/** What becomes of the chat of a segment that is taken in. Pure. */
export function decideChat({ now, seen, watch, still, last }: ChatLook): ChatDecision {
  if (seen.is === 'unfit') return 'refuse';
  if (seen.is === 'file' && seen.whole) return 'take';
  if (!last && now - watch.since < still) return 'wait';
  return seen.is === 'file' ? 'take' : 'forget';
}

/** The same as before goes on standing still. Pure. */
export function watchChat(now: number, seen: ChatSeen, before: ChatWatch | undefined): ChatWatch {
  const size = seen.is === 'file' ? seen.size : null;
  return before?.size === size ? before : { size, since: now };
}

/**
 * Whether a broadcast waits for chat before it ends, so that its flow finds all of it: for none longer than a file has to stand
 * still, because a room that nobody can write of would never end. Pure.
 */
export function awaitsChat(
  chats: readonly PendingChat[],
  broadcast: string,
  now: number,
  still: number,
): boolean {
  return chats.some((chat) => chat.broadcast === broadcast && now - chat.since < still);
}
