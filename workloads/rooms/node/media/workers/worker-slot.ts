import type { Clock } from '@backlot/contract/clock';
import { createWorker, type types } from 'mediasoup';
import type { LogLevel, LogTag, MediaHostSettings } from '../../../contract/media/settings.ts';
import { PacketLedger } from '../placement/ledger.ts';

/** A worker that has not answered for so long is hung, in milliseconds. */
const answerMs = 2_000;
/** Between an answer and the next question, in milliseconds. Adds to the longest time in which a hang goes unseen. */
const pauseMs = 250;
/** An answer may come so much late when our own process was held up, in milliseconds. */
const stallMs = 500;
/** A worker that has not begun by then is no good, in milliseconds; usually it takes 80. */
const startMs = 10_000;
/** Between two attempts to start a worker, in milliseconds; doubled up to the longest. */
const shortestRetryMs = 100;
const longestRetryMs = 5_000;

export interface WorkerSlotParts {
  readonly settings: MediaHostSettings;
  readonly index: number;
  readonly clock: Clock;
  /** Its worker is gone, with all that was in it. A new one is already being started. */
  onLost(slot: WorkerSlot, hung: boolean): void;
  warn(message: string, details: Record<string, unknown>): void;
}

/** One place for a mediasoup worker: the process, its WebRTC server, and the watch over both. */
export class WorkerSlot {
  readonly #parts: WorkerSlotParts;
  readonly ledger: PacketLedger;
  #worker: types.Worker | undefined;
  #server: types.WebRtcServer | undefined;
  /** UDP and TCP; kept over restarts, so that firewalls and clients find the same. */
  #ports: { udp: number; tcp: number };
  #restarts = 0;
  #closed = false;
  #hung = false;
  #usage: types.WorkerResourceUsage | null = null;
  #cores: number | null = null;
  #measuredAt = 0;
  #level: LogLevel;
  #tags: readonly LogTag[];
  #starting: Promise<void> | undefined;

  constructor(parts: WorkerSlotParts) {
    this.#parts = parts;
    const { settings, index, clock } = parts;
    this.ledger = new PacketLedger(clock);
    const port = settings.basePort === 0 ? 0 : settings.basePort + index;
    this.#ports = { udp: port, tcp: port };
    this.#level = settings.logLevel;
    this.#tags = settings.logTags;
  }

  get index(): number {
    return this.#parts.index;
  }
  get running(): { worker: types.Worker; server: types.WebRtcServer } | undefined {
    return this.#worker && this.#server ? { worker: this.#worker, server: this.#server } : undefined;
  }
  get port(): number {
    return this.#ports.udp;
  }
  get restarts(): number {
    return this.#restarts;
  }
  get usage(): types.WorkerResourceUsage | null {
    return this.#usage;
  }
  /** Cores used between the last two answers. */
  get cores(): number | null {
    return this.#cores;
  }

  /** Starts the first worker; throws when it can't be started at all. */
  async open(): Promise<void> {
    const { warn, settings } = this.#parts;
    try {
      await this.#start();
    } catch (error) {
      if (settings.basePort === 0) throw error;
      // Most likely another node on this machine has the ports; clients learn the port from the candidates anyway.
      warn('the port of a worker is taken; it uses another', { port: this.#ports.udp, error: String(error) });
      this.#ports = { udp: 0, tcp: 0 };
      await this.#start();
    }
  }

  close(): void {
    this.#closed = true;
    this.#worker?.close();
  }

  async setLog(change: { level?: LogLevel; tags?: readonly LogTag[] }): Promise<void> {
    this.#level = change.level ?? this.#level;
    this.#tags = change.tags ?? this.#tags;
    await this.#worker?.updateSettings({ logLevel: this.#level, logTags: [...this.#tags] });
  }

  async #start(): Promise<void> {
    const { settings, clock } = this.#parts;
    const starting = createWorker({
      workerBin: settings.workerBin,
      logLevel: this.#level,
      logTags: [...this.#tags],
      ...(settings.dtlsCertificateFile ? { dtlsCertificateFile: settings.dtlsCertificateFile } : {}),
      ...(settings.dtlsPrivateKeyFile ? { dtlsPrivateKeyFile: settings.dtlsPrivateKeyFile } : {}),
    });
    const worker = await Promise.race([starting, clock.sleep(startMs)]);
    if (!worker) {
      // Should it come to life after all, nobody wants it any more.
      starting.then(
        (late) => end(late),
        () => {},
      );
      throw new Error(`it did not start within ${startMs} ms`);
    }
    try {
      const serving = this.#serve(worker);
      serving.catch(() => {});
      const served = await Promise.race([serving, clock.sleep(startMs)]);
      if (!served) throw new Error(`it was not ready within ${startMs} ms`);
      if (this.#closed) throw new Error('it is not needed any more');
      this.#ports = served.ports;
      this.#server = served.server;
      this.#worker = worker;
    } catch (error) {
      end(worker);
      throw error;
    }
    this.#hung = false;
    worker.once('died', () => this.#lost());
    void this.#watch(worker);
  }

  async #serve(worker: types.Worker) {
    const server = await worker.createWebRtcServer({ listenInfos: this.#listenInfos() });
    const { udpSockets, tcpServers } = await server.dump();
    const ports = {
      udp: udpSockets[0]?.port ?? this.#ports.udp,
      tcp: tcpServers[0]?.port ?? this.#ports.tcp,
    };
    return { server, ports };
  }

  #listenInfos(): types.TransportListenInfo[] {
    const { listenIp, announcedAddresses, enableTcp, recvBufferSize } = this.#parts.settings;
    const [announcedAddress] = announcedAddresses;
    const common = { ip: listenIp, ...(announcedAddress ? { announcedAddress } : {}) };
    const buffer = recvBufferSize > 0 ? { recvBufferSize } : {};
    const udp = { protocol: 'udp' as const, ...common, ...buffer, ...portOf(this.#ports.udp) };
    return enableTcp ? [udp, { protocol: 'tcp', ...common, ...portOf(this.#ports.tcp) }] : [udp];
  }

  #lost(): void {
    this.#worker = undefined;
    this.#server = undefined;
    this.#usage = null;
    this.#cores = null;
    this.ledger.clear();
    if (this.#closed) return;
    this.#restarts += 1;
    // The new one first: a process takes 80 ms to start, and rooms that have nowhere else to go wait for it.
    this.#starting = this.#startAgain();
    this.#parts.onLost(this, this.#hung);
  }

  /** Resolves when a worker runs here again. */
  async ready(): Promise<void> {
    await this.#starting;
  }

  async #startAgain(): Promise<void> {
    for (let pause = shortestRetryMs; !this.#closed; pause = Math.min(longestRetryMs, pause * 2)) {
      try {
        await this.#start();
        return;
      } catch (error) {
        this.#parts.warn('a worker could not be started again', { worker: this.index, error: String(error) });
        await this.#parts.clock.sleep(pause);
      }
    }
  }

  /** Asks the worker how it is until it is gone; kills it when it doesn't answer: requests to it have no time limit. */
  async #watch(worker: types.Worker): Promise<void> {
    const { clock, warn } = this.#parts;
    while (!worker.closed && !this.#closed) {
      const asked = clock.monotonic();
      const answer = worker.getResourceUsage().then(
        (usage) => ({ usage }),
        () => undefined,
      );
      const late = Symbol();
      let got = await Promise.race([answer, clock.sleep(answerMs).then(() => late)]);
      // Our own process was held up: the answer may lie unread behind the timer.
      if (got === late && clock.monotonic() - asked > answerMs + stallMs)
        got = await Promise.race([answer, clock.sleep(stallMs).then(() => late)]);
      if (worker.closed || this.#closed) return;
      if (got === late) {
        this.#hung = true;
        warn('a worker hangs and is killed', { worker: this.index, pid: worker.pid });
        killHard(worker.pid);
        return;
      }
      if (got && typeof got === 'object') this.#note(got.usage);
      await clock.sleep(pauseMs);
    }
  }

  #note(usage: types.WorkerResourceUsage): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#usage;
    if (before) {
      const busy = usage.ru_utime + usage.ru_stime - before.ru_utime - before.ru_stime;
      this.#cores = Math.max(0, busy / Math.max(1, now - this.#measuredAt));
    }
    this.#usage = usage;
    this.#measuredAt = now;
  }
}

const portOf = (port: number) => (port === 0 ? {} : { port });

/** Ends a worker that nobody has used: one that hangs would not hear that it is to end. */
function end(worker: types.Worker): void {
  worker.close();
  if (!worker.subprocessClosed) killHard(worker.pid);
}

function killHard(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It was quicker.
  }
}
