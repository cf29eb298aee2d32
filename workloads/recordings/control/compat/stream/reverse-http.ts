import { z } from 'zod';
import type { GatewayRow } from '../tables.ts';
import { addressPolicy } from './address-policy.ts';
import { Backlog, mostAnswers, type Waiting } from './backlog.ts';
import { tooMany } from './command-turn.ts';
import { answer } from './conversation.ts';
import type { Told } from './feed.ts';
import type { SocketParts } from './forward-socket.ts';
import { overflowLog } from './overflow-log.ts';
import { postEvent } from './post-event.ts';
import { redialMs } from './reverse-socket.ts';

const requestMs = 15_000;
/** Commands of one answer that are done; the rest are refused. */
const mostCommands = 50;
const mostAnswered = 256 * 1024;

/** What the other side may answer to any of our posts: commands, whose results are posted next. */
const Answer = z.looseObject({ commands: z.array(z.unknown()).optional() });

/**
 * Posts each event to an address, one after the other, so that their order is kept; again and again while it fails. For
 * machines that can dial out by HTTP alone: commands come in the answers, at the latest with the next heartbeat.
 */
export class ReverseHttp {
  readonly #parts: SocketParts;
  readonly #gateway: GatewayRow;
  readonly #url: string;
  readonly #token: string | undefined;
  readonly #random: () => number;
  readonly #backlog: Backlog;
  readonly #abort = new AbortController();
  #stop: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #busy = false;
  /** The refusal that waits to be posted: one stands for all commands that are too many meanwhile. */
  #refusal: typeof tooMany | undefined;
  /** It has asked too much, and this has been written down: once, however often it goes on. */
  #flooded = false;

  constructor(
    parts: SocketParts,
    gateway: GatewayRow,
    target: { readonly url: string; readonly token?: string | undefined },
    random: () => number = Math.random,
  ) {
    this.#parts = parts;
    this.#gateway = gateway;
    this.#url = target.url;
    this.#token = target.token;
    this.#random = random;
    this.#backlog = new Backlog(overflowLog(parts.kernel.log, gateway, this.#url));
  }

  start(): void {
    this.#stop = this.#parts.feed.listen(this.#gateway, (told) => this.#add(told));
  }

  async close(): Promise<void> {
    this.#stop?.();
    this.#abort.abort();
    await this.#running;
    this.#backlog.giveUp();
  }

  #add(told: Told): void {
    // A heartbeat says how it is now: one that waits is out of date.
    if (told.CMD === 'heartbeat' && this.#busy) return;
    this.#backlog.addEvent(told);
    if (!this.#busy) this.#running = this.#work();
  }

  async #work(): Promise<void> {
    const { signal } = this.#abort;
    this.#busy = true;
    try {
      while (!signal.aborted) {
        const entry = this.#backlog.next();
        if (!entry) break;
        await this.#obey(await this.#deliver(entry));
      }
    } catch (error) {
      if (!signal.aborted) this.#parts.kernel.log.warn({ err: error }, 'a reverse address of NGlive’s');
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Posts it until it is taken: what comes after it waits, so that the order stays.
   * @returns what was commanded in the answer
   * @throws when this link is closed meanwhile
   */
  async #deliver({ message }: Waiting): Promise<readonly unknown[]> {
    const { signal } = this.#abort;
    for (let failures = 0; ; failures += 1) {
      const commands = await this.#post(message);
      if (message === this.#refusal && commands) this.#refusal = undefined;
      if (commands) return commands;
      await this.#parts.kernel.clock.sleep(redialMs(failures, this.#random()), signal);
    }
  }

  /**
   * Each command makes another post, whose answer may command again: without a limit on answers that wait, a peer that never
   * stops would fill our memory. What is refused is not done.
   */
  async #obey(commands: readonly unknown[]): Promise<void> {
    for (const [index, command] of commands.entries()) {
      if (this.#abort.signal.aborted) return;
      if (index >= mostCommands || this.#backlog.answersFull) return this.#refuse(commands.length - index);
      const answered = await answer(this.#parts, this.#gateway, JSON.stringify(command), 'remote');
      if (answered) this.#backlog.addAnswer(answered);
    }
  }

  #refuse(refused: number): void {
    if (!this.#refusal) {
      this.#refusal = { ...tooMany };
      this.#backlog.addAnswer(this.#refusal);
    }
    if (this.#flooded) return;
    this.#flooded = true;
    const facts = { project: this.#gateway.project_id, refused, mostCommands, mostAnswers };
    this.#parts.kernel.log.warn(facts, 'a reverse address of NGlive’s commands too much at once');
  }

  /** What was commanded in the answer; undefined when it was not taken. */
  async #post(message: unknown): Promise<readonly unknown[] | undefined> {
    try {
      const { status, text } = await postEvent(
        { url: this.#url, token: this.#token, body: JSON.stringify(message), mostAnswered },
        await addressPolicy(this.#parts.kernel.db),
        AbortSignal.any([this.#abort.signal, AbortSignal.timeout(requestMs)]),
      );
      if (status < 200 || status > 299) return undefined;
      try {
        return Answer.safeParse(JSON.parse(text)).data?.commands ?? [];
      } catch {
        return [];
      }
    } catch {
      return undefined;
    }
  }
}
