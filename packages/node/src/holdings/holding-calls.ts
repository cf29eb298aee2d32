import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import {
  type Call,
  type ChangedHoldings,
  ChangeHoldings,
  SendHolding,
  type SendHoldingAnswer,
} from '@backlot/contract';
import { holdingsMethods } from '@backlot/contract/holdings';
import type { Logger } from 'pino';
import type { Holdings } from './holdings.ts';
import { sendToPipe } from './send-to-pipe.ts';

export interface HoldingCallsOptions {
  readonly holdings: Holdings;
  readonly controlUrl: string;
  readonly log: Logger;
  /** Whether something that runs here works with these bytes. */
  readonly needed: (digest: string) => boolean;
}

/** What the control plane asks about held bytes: to send, to throw away, to take back. */
export class HoldingCalls {
  readonly #options: HoldingCallsOptions;
  readonly #abort = new AbortController();
  readonly #sending = new Set<Promise<void>>();

  constructor(options: HoldingCallsOptions) {
    this.#options = options;
  }

  /** Who answers which method. */
  readonly handlers: Readonly<Record<string, (call: Call) => Promise<unknown>>> = {
    [holdingsMethods.send]: (call) => this.#send(SendHolding.parse(call.payload)),
    [holdingsMethods.trash]: async (call): Promise<ChangedHoldings> => {
      const { digests } = ChangeHoldings.parse(call.payload);
      const { holdings, needed } = this.#options;
      return { holdings: await holdings.discard(digests, needed) };
    },
    [holdingsMethods.restore]: async (call): Promise<ChangedHoldings> => {
      const { digests } = ChangeHoldings.parse(call.payload);
      return { holdings: await this.#options.holdings.restore(digests) };
    },
  };

  /** Breaks off what is on its way. */
  async close(): Promise<void> {
    this.#abort.abort(new Error('The agent lets go.'));
    await Promise.all(this.#sending);
  }

  async #send({ digest, start, end, url }: SendHolding): Promise<SendHoldingAnswer> {
    const { holdings, controlUrl, log } = this.#options;
    const file = await open(holdings.pathOf(digest), 'r').catch((error: NodeJS.ErrnoException) => {
      // Whoever hears that it is not here believes it for good; too many open files, say, is another matter.
      if (error.code !== 'ENOENT') throw error;
      return undefined;
    });
    if (!file) return { found: false };
    const { size } = await file.stat();
    // The stream has no owner but the sending: it closes the file whatever happens.
    const stream = () =>
      size === 0
        ? Readable.from([])
        : file.createReadStream({ start, end: Math.min(end ?? size - 1, size - 1), autoClose: false });
    const sending = sendToPipe(url, stream, { signal: this.#abort.signal, control: controlUrl })
      .then(
        () => undefined,
        (error: unknown) => log.debug({ err: error, digest }, 'held bytes were not taken'),
      )
      .finally(() => file.close().catch(() => undefined));
    const settled = sending.finally(() => this.#sending.delete(settled));
    this.#sending.add(settled);
    return { found: true, size };
  }
}
