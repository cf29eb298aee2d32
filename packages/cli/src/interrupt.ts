/**
 * Why a command is asked to end. `parent-gone` means that whoever supervises us has died: a node then leaves
 * its running work alone, because nobody decided that it should end.
 */
export type InterruptCause = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'parent-gone';

/** The reason of an aborted {@link CommandContext.signal}. */
export class Interrupt extends Error {
  // The name by which every API that takes a signal is told apart from a failure.
  override readonly name = 'AbortError';
  readonly why: InterruptCause;

  constructor(why: InterruptCause) {
    super(`Asked to end (${why}).`);
    this.why = why;
  }
}

/** A Ctrl-C arrives from the terminal and once more from each program between it and us: npm, our start script. */
const echoMs = 2000;

/**
 * Turns signals into one {@link AbortSignal}: SIGINT, SIGTERM and SIGHUP, the same sent as `{ signal }` over the
 * channel of a supervising process, and the end of that channel. The first aborts; another one, unless it is an
 * echo of the first, is a person who will not wait, and ends the process at once.
 */
export function listenForInterrupts(process: NodeJS.Process): {
  readonly signal: AbortSignal;
  close(): void;
} {
  const controller = new AbortController();
  let firstAt = Number.NEGATIVE_INFINITY;
  const interrupt = (why: InterruptCause) => {
    const now = performance.now();
    if (!controller.signal.aborted) {
      firstAt = now;
      controller.abort(new Interrupt(why));
    } else if (why !== 'parent-gone' && now - firstAt > echoMs) process.exit(exitCodeOf(why));
  };
  const onMessage = (message: unknown) => {
    if (typeof message !== 'object' || message === null || !('signal' in message)) return;
    if (message.signal === 'SIGINT' || message.signal === 'SIGTERM' || message.signal === 'SIGHUP') {
      interrupt(message.signal);
    }
  };
  const onDisconnect = () => interrupt('parent-gone');
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const name of signals) process.on(name, interrupt);
  if (process.channel) {
    process.on('message', onMessage);
    process.on('disconnect', onDisconnect);
    // A command that is done must not be kept alive by the wish to hear from its parent.
    process.channel.unref();
  }
  return {
    signal: controller.signal,
    close() {
      for (const name of signals) process.off(name, interrupt);
      process.off('message', onMessage);
      process.off('disconnect', onDisconnect);
    },
  };
}

/** 128 + number of the signal, as shells have it. */
export function exitCodeOf(why: InterruptCause): number {
  return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143, 'parent-gone': 143 }[why];
}
