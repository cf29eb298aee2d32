import type { Call } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';

export type CallHandler = (nodeId: string, call: Call) => Promise<unknown>;

/** Who answers the calls that come from nodes: by the first word of the method, which is a workload's name. */
export class CallHandlers {
  readonly #handlers = new Map<string, CallHandler>();

  /** @param prefix with its dot: `renders.` */
  on(prefix: string, handler: CallHandler): void {
    if (this.#handlers.has(prefix)) throw new Error(`Two handlers for calls of ${prefix}`);
    this.#handlers.set(prefix, handler);
  }

  /** @throws call_not_understood */
  answer(nodeId: string, call: Call): Promise<unknown> {
    const handler = this.#handlers.get(call.method.slice(0, call.method.indexOf('.') + 1));
    if (!handler) {
      throw new BacklotError(linkErrors.call_not_understood, { params: { method: call.method } });
    }
    return handler(nodeId, call);
  }
}
