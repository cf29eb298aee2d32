import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import {
  type HostEvent,
  type HostedEnd,
  HostRequest,
  type HostState,
  hostSocketVariable,
} from '@backlot/contract/host/protocol';
import type { Progress } from '@backlot/contract/link/messages';
import { noTracer, type Tracer } from '@backlot/contract/trace/tracer';
import { openTracer } from '@backlot/tracing';

/** One allocation, as the program of a host sees it. */
export interface HostedAllocation {
  readonly id: string;
  /** What the workload's executor prepared on the agent's side. */
  readonly input: Readonly<Record<string, unknown>>;
  readonly workDir: string;
  readonly inputsDir: string;
  /** Aborted when the allocation is to end; `start` then resolves or rejects soon. */
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
  /** Something for the control plane; lost when no agent is there. */
  notify(method: string, payload: unknown): void;
}

export interface HostHandlers {
  /** Runs one allocation; resolves with its result at its end, rejects when it failed. Many run at the same time. */
  start(allocation: HostedAllocation): Promise<Record<string, unknown>>;
  /** Answers a request of the control plane to a running allocation. */
  call?(allocation: HostedAllocation, method: string, payload: unknown): Promise<unknown>;
}

export interface HostServer {
  /** Stops listening. Allocations go on; whoever ends the process ends them. */
  close(): Promise<void>;
}

interface Entry {
  readonly allocation: HostedAllocation;
  readonly abort: AbortController;
  end: HostedEnd | null;
}

/** The longest request, in characters. */
const maxLine = 16 * 1024 * 1024;

/**
 * Makes this process a host: serves the host protocol on the socket that the agent has chosen. The whole of what a host
 * written in TypeScript needs; one in another language speaks the lines of `@backlot/contract/host/protocol` itself.
 */
export async function serveHost(
  handlers: HostHandlers,
  socketPath: string | undefined = process.env[hostSocketVariable],
): Promise<HostServer> {
  if (!socketPath) throw new Error(`${hostSocketVariable} is not set: a host is started by an agent.`);
  const tracer = await openTracer({ service: 'backlot-host', env: process.env });
  const room = new HostRoom(handlers, tracer);
  const server = createServer((socket) => room.admit(socket));
  if (process.platform !== 'win32') rmSync(socketPath, { force: true });
  await listen(server, socketPath);
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      room.dismiss();
      await closed;
      await tracer.close();
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The allocations of a host and the one agent that it talks with. */
class HostRoom {
  readonly #handlers: HostHandlers;
  readonly #tracer: Tracer;
  readonly #entries = new Map<string, Entry>();
  #agent: Socket | undefined;

  constructor(handlers: HostHandlers, tracer: Tracer = noTracer) {
    this.#handlers = handlers;
    this.#tracer = tracer;
  }

  admit(socket: Socket): void {
    // Two agents can't both be right; the younger one knows more.
    this.#agent?.destroy();
    this.#agent = socket;
    let pending = 0;
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.lastIndexOf(10);
      pending = end < 0 ? pending + chunk.length : chunk.length - end - 1;
      if (pending > maxLine) socket.destroy();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      if (this.#agent === socket) this.#agent = undefined;
    });
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('error', () => {});
    lines.on('line', (line) => void this.#answer(socket, line));
  }

  dismiss(): void {
    this.#agent?.destroy();
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    let request: HostRequest;
    try {
      request = HostRequest.parse(JSON.parse(line));
    } catch {
      socket.destroy();
      return;
    }
    try {
      const payload = await this.#obey(request);
      say(socket, { id: request.id, ok: true, payload: payload ?? null });
    } catch (error) {
      say(socket, { id: request.id, ok: false, error: describe(error) });
    }
  }

  async #obey(request: HostRequest): Promise<unknown> {
    switch (request.t) {
      case 'attach':
        return this.#state();
      case 'ping':
        return undefined;
      case 'start':
        // Asked again after an agent's death: it runs, or has ended, already.
        if (!this.#entries.has(request.allocation)) this.#start(request);
        return undefined;
      case 'stop': {
        const entry = this.#entries.get(request.allocation);
        entry?.abort.abort(new Error('The allocation was asked to end.'));
        return undefined;
      }
      case 'call':
        return await this.#call(request);
      case 'forget':
        if (this.#entries.get(request.allocation)?.end) this.#entries.delete(request.allocation);
        return undefined;
    }
  }

  #state(): HostState {
    return { allocations: [...this.#entries].map(([allocation, { end }]) => ({ allocation, end })) };
  }

  #start({ allocation: id, input, workDir, inputsDir }: Extract<HostRequest, { t: 'start' }>): void {
    const abort = new AbortController();
    const allocation: HostedAllocation = {
      id,
      input,
      workDir,
      inputsDir,
      signal: abort.signal,
      progress: (progress) => this.#tell({ event: 'progress', allocation: id, progress }),
      notify: (method, payload) =>
        this.#tell({ event: 'notify', allocation: id, method, payload: payload ?? null }),
    };
    const entry: Entry = { allocation, abort, end: null };
    this.#entries.set(id, entry);
    const finish = (end: HostedEnd) => {
      entry.end = end;
      this.#tell({ event: 'ended', allocation: id, end });
    };
    // Within a promise, so that a handler that throws at once fails its allocation and not the whole host.
    void Promise.resolve()
      .then(() => this.#handlers.start(allocation))
      .then(
        (result) => finish({ outcome: abort.signal.aborted ? 'stopped' : 'ok', result }),
        (error: unknown) =>
          finish({
            outcome: abort.signal.aborted ? 'stopped' : 'failed',
            result: null,
            message: describe(error).message,
          }),
      );
  }

  async #call({
    allocation: id,
    method,
    payload,
    traceparent,
  }: Extract<HostRequest, { t: 'call' }>): Promise<unknown> {
    const entry = this.#entries.get(id);
    if (!entry || entry.end) throw named('not_running', 'That allocation does not run in this host.');
    const handlers = this.#handlers;
    if (!handlers.call) throw named('unknown_method', 'This host takes no calls.');
    return await this.#tracer.span(
      method,
      { kind: 'server', parent: traceparent, attributes: { 'backlot.allocation': id } },
      async () => await handlers.call?.(entry.allocation, method, payload),
    );
  }

  #tell(event: HostEvent): void {
    if (this.#agent) say(this.#agent, event);
  }
}

function say(socket: Socket, message: object): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}

function named(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

/** An error as it crosses the socket: its code, when it has one, and its sentence. */
function describe(error: unknown): { code: string; message: string } {
  const code = (error as { code?: unknown } | undefined)?.code;
  return {
    code: typeof code === 'string' ? code : 'failed',
    message: (error instanceof Error ? error.message : String(error)).slice(0, 2_000),
  };
}
