import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostedAllocation } from '@backlot/node/host-process';
import { CHAT_KIND, type ChatMeta } from '../../contract.ts';
import { type ChatSeen, hasMessage, seeChat } from './chat-file.ts';
import { awaitsChat, type ChatWatch, decideChat, watchChat } from './decide-chat.ts';
import type { Say } from './recorder-process.ts';
import type { PendingChat } from './room-state.ts';
import { bringIn, outputName } from './take-file.ts';
import type { TakenFiles } from './taken-files.ts';

export interface ChatParts {
  readonly allocation: Pick<HostedAllocation, 'workDir' | 'report'>;
  /** The recorder's folder. */
  readonly folder: string;
  readonly taken: TakenFiles;
  /** The recorder is ours: what is taken over need not stay in its folder. */
  readonly owned: boolean;
  readonly now: () => number;
  /** How long a file must have stood still, in milliseconds. */
  readonly still: number;
  readonly say: Say;
}

/**
 * The chat of a room's segments. A recorder closes it later than the recording, or never; so it is taken in when it is finished,
 * under its own name in the ledger, and the segment does not wait for it.
 */
export class RoomChat {
  readonly #parts: ChatParts;
  #watched: ReadonlyMap<string, ChatWatch> = new Map();
  /** Paths of files that the last look has waited for. */
  readonly #growing = new Set<string>();

  constructor(parts: ChatParts) {
    this.#parts = parts;
  }

  /**
   * Takes in what is finished; what fails is tried again by the next look.
   * @param last there is none: what is there is taken as it is
   * @returns what is still to come
   */
  async takeIn(pending: readonly PendingChat[], last: boolean): Promise<PendingChat[]> {
    const left: PendingChat[] = [];
    const watched = new Map<string, ChatWatch>();
    this.#growing.clear();
    for (const chat of pending) {
      try {
        if (await this.#settle(chat, last, watched)) continue;
      } catch (error) {
        this.#parts.say('chat could not be taken in', { path: chat.path, error: String(error) });
      }
      left.push(chat);
    }
    this.#watched = watched;
    return left;
  }

  /** The last look has seen a file of these that may be written to still. */
  writing(pending: readonly PendingChat[]): boolean {
    return pending.some(({ path }) => (this.#watched.get(path)?.size ?? null) !== null);
  }

  /** Whether a broadcast should not end yet, because of these. */
  awaits(pending: readonly PendingChat[], broadcast: string): boolean {
    const { now, still } = this.#parts;
    return awaitsChat(pending, broadcast, { now: now(), still, growing: this.#growing });
  }

  /** @returns whether nothing is to be done for it any more */
  async #settle(chat: PendingChat, last: boolean, watched: Map<string, ChatWatch>): Promise<boolean> {
    const { folder, taken, owned, now: clock, still, say } = this.#parts;
    const from = join(folder, ...chat.path.split('/'));
    if (taken.has(chat.path)) {
      // By a process that was killed before it could write that down.
      if (owned) await rm(from, { force: true });
      return true;
    }
    const seen = await seeChat(from);
    const now = clock();
    const watch = watchChat(now, seen, this.#watched.get(chat.path));
    watched.set(chat.path, watch);
    const decision = decideChat({ now, seen, watch, still, last });
    if (decision === 'wait') {
      if (seen.is === 'file') this.#growing.add(chat.path);
      return false;
    }
    if (seen.is === 'unfit') say('a file is no chat, and is left alone', { path: chat.path, why: seen.why });
    if (decision === 'take' && seen.is === 'file') await this.#take(chat, from, seen);
    return true;
  }

  async #take(chat: PendingChat, from: string, { size, whole }: ChatSeen & { is: 'file' }): Promise<void> {
    const { allocation, taken, owned } = this.#parts;
    const { broadcast, take, number } = chat;
    let digest = '';
    if (await hasMessage(from)) {
      const name = outputName(chat.path, 'xml');
      digest = await bringIn(from, allocation.workDir, name);
      const meta: ChatMeta = {
        broadcast,
        take,
        number,
        format: 'bilibili-xml',
        ...(whole ? {} : { torn: true }),
      };
      await allocation.report({
        outputs: [
          { name, kind: CHAT_KIND, path: name, mediaType: 'application/xml', meta, hold: true, digest },
        ],
      });
    }
    await taken.add({ path: chat.path, size, digest });
    if (owned) await rm(from, { force: true });
  }
}
