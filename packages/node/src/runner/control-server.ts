import { rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { RunnerMessage, RunnerRequest } from '@backlot/contract/runner/control';
import type { ExitFile } from '@backlot/contract/runner/files';
import type { RequestOutcome, Supervision } from './supervision.ts';

/** The longest line that is read, in characters. */
const maxLine = 64 * 1024;
/** How long the last words may take to get out before the runner ends, in milliseconds. */
const farewellMs = 1_000;

/** Answers agents on the runner's socket. Whoever can reach the socket may give orders: its folder is the agent's alone. */
export class ControlServer {
  readonly #path: string;
  readonly #supervision: Supervision;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(path: string, supervision: Supervision) {
    this.#path = path;
    this.#supervision = supervision;
    this.#server = createServer((socket) => this.#serve(socket));
    this.#server.maxConnections = 16;
  }

  async listen(): Promise<void> {
    // A socket left by a runner that was killed can't be bound again; nobody listens there any more.
    if (process.platform !== 'win32') rmSync(this.#path, { force: true });
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(this.#path, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    // The runner goes on without listening: the exit file tells the rest.
    this.#server.on('error', () => {});
  }

  /** Tells everyone how it ended, and closes. */
  async close(exit: ExitFile | undefined): Promise<void> {
    this.#server.close();
    const farewells = [...this.#sockets].map(
      (socket) =>
        new Promise<void>((resolve) => {
          socket.once('close', () => resolve());
          setTimeout(() => socket.destroy(), farewellMs).unref();
          if (exit) send(socket, { event: 'ended', exit });
          socket.end();
        }),
    );
    await Promise.all(farewells);
    if (process.platform !== 'win32') rmSync(this.#path, { force: true });
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#sockets.delete(socket));
    let pending = 0;
    socket.on('data', (chunk: Buffer) => {
      const end = chunk.lastIndexOf(10);
      pending = end < 0 ? pending + chunk.length : chunk.length - end - 1;
      if (pending > maxLine) socket.destroy();
    });
    const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY });
    lines.on('line', (line) => void this.#answer(socket, line));
    // Without a listener of its own the interface would throw what the socket has already dealt with.
    lines.on('error', () => {});
  }

  async #answer(socket: Socket, line: string): Promise<void> {
    const request = readRequest(line);
    if (!request) return void socket.destroy();
    const outcome = await this.#obey(request);
    if (outcome.ok) send(socket, { id: request.id, ok: true, status: this.#supervision.status() });
    else send(socket, { id: request.id, ok: false, error: { code: outcome.code, message: outcome.message } });
  }

  async #obey(request: RunnerRequest): Promise<RequestOutcome> {
    switch (request.op) {
      case 'status':
        return { ok: true };
      case 'stop':
        this.#supervision.stop(request.graceMs);
        return { ok: true };
      case 'freeze':
        return await this.#supervision.freeze();
      case 'thaw':
        return await this.#supervision.thaw();
      case 'touch':
        this.#supervision.touch();
        return { ok: true };
      case 'input':
        return this.#supervision.input(request.text);
      default:
        return { ok: false, code: 'unknown_request', message: 'This runner does not know that request.' };
    }
  }
}

/** A light check, like that of the launch file; an agent that talks nonsense is disconnected. */
function readRequest(line: string): RunnerRequest | undefined {
  try {
    const value = JSON.parse(line) as Partial<Record<string, unknown>> | null;
    if (typeof value !== 'object' || value === null || !Number.isInteger(value.id)) return undefined;
    if (value.graceMs !== undefined && !(Number.isInteger(value.graceMs) && Number(value.graceMs) >= 0))
      return undefined;
    if (value.op === 'input' && typeof value.text !== 'string') return undefined;
    return value as RunnerRequest;
  } catch {
    return undefined;
  }
}

function send(socket: Socket, message: RunnerMessage): void {
  if (socket.writable) socket.write(`${JSON.stringify(message)}\n`);
}
