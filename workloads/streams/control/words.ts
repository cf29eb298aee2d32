import { newId, type Reason } from '@backlot/contract';
import type { Kernel } from '@backlot/control/workload';
import { z } from 'zod';
import type { SessionEnd } from '../contract.ts';
import type { StreamerSockets } from './instances/streamer-sockets.ts';
import type { PlayerUpdate, Signalling } from './ports.ts';
import type { Hub } from './sessions/hub.ts';

type End = { readonly reason: SessionEnd; readonly sentence: Reason };

/** Something that was decided, for whichever process holds the sockets that it is about. */
export type Word =
  | { readonly kind: 'notify'; readonly sessionId: string; readonly update: PlayerUpdate }
  | { readonly kind: 'end'; readonly sessionId: string; readonly end: End }
  | { readonly kind: 'kick'; readonly sessionId: string; readonly playerId: string; readonly end: End }
  | { readonly kind: 'control'; readonly sessionId: string; readonly playerId: string }
  | { readonly kind: 'forget'; readonly instanceId: string; readonly playerIds: readonly string[] }
  | { readonly kind: 'instance-over'; readonly instanceId: string };

/** What one control process tells the others. From our own processes alone, so its inside is taken as it is. */
const Envelope = z.object({
  from: z.string(),
  word: z.custom<Word>((value) => typeof value === 'object' && value !== null && 'kind' in value),
});
const subject = 'streams.words';

/**
 * Carries decisions to sockets: here at once, and to the other control processes over the fabric. A word may be lost;
 * who waits is told again every few seconds, and who comes back reads the database.
 */
export class Words {
  readonly #kernel: Kernel;
  readonly #room: {
    readonly hub: Hub;
    readonly streamers: StreamerSockets;
    readonly signalling: () => Signalling;
  };
  readonly #self = newId();
  #unsubscribe: (() => void) | undefined;

  constructor(
    kernel: Kernel,
    room: { readonly hub: Hub; readonly streamers: StreamerSockets; readonly signalling: () => Signalling },
  ) {
    this.#kernel = kernel;
    this.#room = room;
  }

  start(): void {
    this.#unsubscribe = this.#kernel.fabric.subscribe(subject, (message) => {
      const heard = Envelope.safeParse(message);
      if (heard.success && heard.data.from !== this.#self) this.#act(heard.data.word);
    });
  }

  close(): void {
    this.#unsubscribe?.();
  }

  say(word: Word): void {
    this.#act(word);
    this.#kernel.fabric.publish(subject, { from: this.#self, word });
  }

  #act(word: Word): void {
    const { hub, streamers, signalling } = this.#room;
    switch (word.kind) {
      case 'notify':
        hub.notify(word.sessionId, word.update);
        break;
      case 'end':
        hub.close(word.sessionId, word.end);
        break;
      case 'kick':
        hub.closePlayer(word.sessionId, word.playerId, word.end);
        hub.tellRoles(word.sessionId);
        break;
      case 'control':
        for (const member of hub.members(word.sessionId))
          member.role = member.playerId === word.playerId ? 'controller' : 'viewer';
        hub.tellRoles(word.sessionId);
        break;
      case 'forget':
        signalling().forgetPlayers(word.instanceId, word.playerIds);
        break;
      case 'instance-over':
        streamers.end(word.instanceId);
        break;
    }
  }
}
