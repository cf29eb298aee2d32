import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { FactDraft } from '@backlot/contract/fact';
import { ReportedFile } from '@backlot/contract/holdings';
import {
  type HostEvent,
  type HostedEnd,
  HostRequest,
  type HostState,
  hostSocketVariable,
} from '@backlot/contract/host/protocol';
import type { DiskState, Progress } from '@backlot/contract/link/messages';
import { noTracer, type Tracer } from '@backlot/contract/trace/tracer';
import { openTracer } from '@backlot/tracing';
import { z } from 'zod';
import type { Report } from './workload.ts';

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
  /**
   * Tells finished files of the work folder, which stay on this node, and facts. Resolves when the agent has written it
   * down; while no agent is there it is kept and repeated. In order within the allocation; repeating is harmless, for
   * names and keys are unique. A file is moved away from its path, and must not change any more.
   *
   * Rejects when the agent refuses it (a file that is not there, a digest that is wrong), never because someone is away.
   */
  report(report: Report): Promise<void>;
  /** How full this node's disk is, as the agent has last said. `full`: begin nothing new, close what is open. */
  disk(): DiskState;
  /** Something for the control plane; lost when no agent is there. */
  notify(method: string, payload: unknown): void;
}

export interface HostHandlers {
  /** Runs one allocation; resolves with its result at its end, rejects when it failed. Many run at the same time. */
  start(allocation: HostedAllocation): Promise<Record<string, unknown>>;
  /** The disk has become fuller, or emptier. */
  disk?(state: DiskState): void;
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
  /** What the agent has not written down yet, oldest first. */
  readonly reports: Map<number, PendingReport>;
  end: HostedEnd | null;
}

interface PendingReport {
  readonly event: Extract<HostEvent, { event: 'report' }>;
  readonly settle: (refused: string | undefined) => void;
  /** Settles with the answer. */
  readonly answer: Promise<void>;
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
  #disk: DiskState = 'ok';
  #lastReport = 0;

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
      if (request.t === 'attach') this.#repeat();
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
      case 'disk':
        this.#disk = request.state;
        this.#handlers.disk?.(request.state);
        return undefined;
      case 'noted':
        this.#entries.get(request.allocation)?.reports.get(request.report)?.settle(request.refused);
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
    return {
      allocations: [...this.#entries].map(([allocation, { end }]) => ({ allocation, end })),
      features: ['disk'],
    };
  }

  /** A new agent may not have heard what the one before did not write down. */
  #repeat(): void {
    for (const { reports } of this.#entries.values()) {
      for (const { event } of reports.values()) this.#tell(event);
    }
  }

  #report({ allocation, reports }: Entry, { outputs = [], events = [] }: Report): Promise<void> {
    const parsed = reportSchema.safeParse({ outputs, events });
    if (!parsed.success) return rejected(named('report_malformed', parsed.error.message));
    if (outputs.length === 0 && events.length === 0) return Promise.resolve();
    // Numbered over all allocations: what a process that was there before has told can't be mistaken for it.
    this.#lastReport += 1;
    const report = this.#lastReport;
    const event = { event: 'report', allocation: allocation.id, report, ...parsed.data } as const;
    const { promise: answer, resolve, reject } = Promise.withResolvers<void>();
    // Whoever doesn't wait for the answer must not end the process by a refusal.
    answer.catch(() => undefined);
    const settle = (refused: string | undefined) => {
      reports.delete(report);
      if (refused === undefined) resolve();
      else reject(named('report_refused', refused));
    };
    reports.set(report, { event, settle, answer });
    this.#tell(event);
    return answer;
  }

  #start({ allocation: id, input, workDir, inputsDir }: Extract<HostRequest, { t: 'start' }>): void {
    const abort = new AbortController();
    const allocation: HostedAllocation = {
      id,
      input,
      workDir,
      inputsDir,
      signal: abort.signal,
      disk: () => this.#disk,
      report: (report) => this.#report(entry, report),
      progress: (progress) => this.#tell({ event: 'progress', allocation: id, progress }),
      notify: (method, payload) =>
        this.#tell({ event: 'notify', allocation: id, method, payload: payload ?? null }),
    };
    const entry: Entry = { allocation, abort, reports: new Map(), end: null };
    this.#entries.set(id, entry);
    const finish = async (end: HostedEnd) => {
      // After its end nothing of it is told any more: what it has reported is written down first.
      while (entry.reports.size > 0) {
        await Promise.allSettled([...entry.reports.values()].map(({ answer }) => answer));
      }
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

/** As `HostEvent` has them; what doesn't fit would make the agent close the connection. */
const reportSchema = z.object({
  outputs: z.array(ReportedFile).max(200),
  events: z.array(FactDraft).max(200),
});

function rejected(error: Error): Promise<never> {
  const answer = Promise.reject(error);
  answer.catch(() => undefined);
  return answer;
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
