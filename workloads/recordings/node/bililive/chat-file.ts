import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';

/** A day of the busiest room is a hundredth of it; what is larger is no chat, and nobody would want to read it. Bytes. */
export const mostChatBytes = 512 * 1024 * 1024;

/** The end is looked for in so much of a file. Bytes. */
const tailBytes = 64;
/** The longest beginning of a message, `<guard `, may lie across two pieces. Characters. */
const longestMark = 7;

/** What lies at the path of a chat. */
export type ChatSeen =
  | { readonly is: 'absent' }
  /** Nothing that is taken in: a link, a pipe, something far too large, or what we may not read. */
  | { readonly is: 'unfit'; readonly why: string }
  | { readonly is: 'file'; readonly size: number; readonly whole: boolean };

/** Where BililiveRecorder writes the chat of a recording: beside it, with another ending. Pure. */
export function chatPathOf(recording: string): string {
  return recording.replace(/\.flv$/i, '.xml');
}

/** Whether a chat that ends like this is closed; one of a recorder that was killed, or still writes, is not. Pure. */
export function endsChat(tail: string): boolean {
  return /<\/i>\s*$/.test(tail);
}

/** Whether there is anything that somebody wrote or gave in a piece of a chat. Its own markup knows none of these names. Pure. */
export function tellsSomething(piece: string): boolean {
  return /<(?:d|sc|gift|guard)\s/.test(piece);
}

/** Looks without following links. @throws Error of the disk, that may be another one the next time */
export async function seeChat(path: string): Promise<ChatSeen> {
  const facts = await lstat(path).catch(absent);
  if (!facts) return { is: 'absent' };
  if (!facts.isFile()) return { is: 'unfit', why: 'it is no plain file' };
  if (facts.size > mostChatBytes) return { is: 'unfit', why: `it has ${facts.size} bytes` };
  try {
    const tail = await reading(path, async (file) => {
      const from = Math.max(0, facts.size - tailBytes);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(tailBytes), 0, tailBytes, from);
      return buffer.toString('latin1', 0, bytesRead);
    });
    return { is: 'file', size: facts.size, whole: endsChat(tail) };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { is: 'absent' };
    if (['EACCES', 'EPERM', 'ELOOP'].includes(code)) return { is: 'unfit', why: code };
    throw error;
  }
}

/** Whether anything was said at all: a recorder begins a file for each recording, also of a room where nobody writes. */
export async function hasMessage(path: string): Promise<boolean> {
  return await reading(path, async (file) => {
    let before = '';
    for await (const chunk of file.createReadStream({ autoClose: false })) {
      const piece = before + (chunk as Buffer).toString('latin1');
      if (tellsSomething(piece)) return true;
      before = piece.slice(-longestMark);
    }
    return false;
  });
}

async function reading<T>(path: string, work: (file: FileHandle) => Promise<T>): Promise<T> {
  // NONBLOCK: opening a pipe that nobody writes to would wait for ever.
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    return await work(file);
  } finally {
    await file.close();
  }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
