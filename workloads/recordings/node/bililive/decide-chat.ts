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
 * A chat that still grows when its recording has been closed for so long is no chat of it any more: the broadcast ends, and it is
 * taken as it is, which its `torn` tells. Milliseconds.
 */
export const longestGrowthMs = 30 * 60_000;

/**
 * Whether a broadcast waits for chat before it ends, so that its flow finds all of it: while a file is written to, or has not
 * stood still for long enough. For none it waits no longer than that, because a room that nobody can write of would never end.
 * Pure.
 *
 * @param growing paths of those that the last look has waited for
 */
export function awaitsChat(
  chats: readonly PendingChat[],
  broadcast: string,
  { now, still, growing }: Pick<ChatLook, 'now' | 'still'> & { readonly growing: ReadonlySet<string> },
): boolean {
  return chats.some((chat) => {
    const patience = growing.has(chat.path) ? Math.max(still, longestGrowthMs) : still;
    return chat.broadcast === broadcast && now - chat.since < patience;
  });
}
