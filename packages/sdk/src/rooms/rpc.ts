/** Answers a question of another participant; what it throws is told to whoever asked. */
export type RpcHandler = (payload: unknown, from: string) => unknown | Promise<unknown>;

/** What others may ask of this client, by name. */
export class RpcHandlers {
  readonly #handlers = new Map<string, RpcHandler>();

  /** Answers until the returned function is called. A second handler of a name takes the place of the first. */
  handle(method: string, handler: RpcHandler): () => void {
    this.#handlers.set(method, handler);
    return () => {
      if (this.#handlers.get(method) === handler) this.#handlers.delete(method);
    };
  }

  async answer(question: { from: string; method: string; payload: unknown }): Promise<unknown> {
    const handler = this.#handlers.get(question.method);
    if (!handler) throw new Error(`Nobody answers ${question.method} here.`);
    return handler(question.payload, question.from);
  }
}
