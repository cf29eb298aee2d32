import type { Artifact } from '@backlot/contract/api/artifacts';
import type { Clock } from '@backlot/contract/clock';
import type { UploadOptions, UploadResult } from '@backlot/sdk/uploads';

/** A file and the place that it has among those it came with: `textures/wood.png`. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/**
 * waiting  its turn has not come
 * reading  its digest is being computed, so that bytes which are there already need not be sent
 * sending  pieces are on their way
 */
export type UploadState = 'waiting' | 'reading' | 'sending' | 'done' | 'failed';

export interface Upload {
  readonly id: number;
  readonly path: string;
  readonly size: number;
  readonly state: UploadState;
  /** Bytes read or sent, in the present state. */
  readonly done: number;
  /** Bytes per second lately, while sending. */
  readonly rate: number | null;
  readonly artifact: Artifact | null;
  /** False when the project had the bytes already. */
  readonly sent: boolean;
  readonly error: unknown;
}

export type SendFile = (file: File, options: UploadOptions) => Promise<UploadResult>;

interface Entry {
  view: Upload;
  readonly file: File;
  readonly stop: AbortController;
  mark: { at: number; done: number };
}

/**
 * The files on their way from this page. Two at a time: more would only share the same line. It lives longer than
 * the page that started it, so that one can look elsewhere meanwhile.
 */
export class UploadList {
  readonly #send: SendFile;
  readonly #clock: Clock;
  readonly #entries = new Map<number, Entry>();
  readonly #listeners = new Set<() => void>();
  #views: readonly Upload[] = [];
  #nextId = 1;
  #active = 0;
  #projectId: string;

  constructor(projectId: string, send: SendFile, clock: Clock) {
    this.#projectId = projectId;
    this.#send = send;
    this.#clock = clock;
  }

  get projectId(): string {
    return this.#projectId;
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** The same array until something changes, as React's external stores want it. */
  snapshot = (): readonly Upload[] => this.#views;

  /** Takes files in. One that has the path of an earlier one takes its place. */
  add(files: readonly NamedFile[]): void {
    for (const { path, file } of files) {
      for (const entry of this.#entries.values()) if (entry.view.path === path) this.#drop(entry);
      const id = this.#nextId;
      this.#nextId += 1;
      this.#entries.set(id, {
        file,
        stop: new AbortController(),
        mark: { at: 0, done: 0 },
        view: {
          id,
          path,
          size: file.size,
          state: 'waiting',
          done: 0,
          rate: null,
          artifact: null,
          sent: false,
          error: null,
        },
      });
    }
    this.#changed();
    this.#next();
  }

  remove(id: number): void {
    const entry = this.#entries.get(id);
    if (entry) this.#drop(entry);
    this.#changed();
  }

  retry(id: number): void {
    const entry = this.#entries.get(id);
    if (entry?.view.state !== 'failed') return;
    this.#entries.delete(id);
    this.add([{ path: entry.view.path, file: entry.file }]);
  }

  /** Stops everything, forgets it, and hands the files back: they go to another project. */
  release(): NamedFile[] {
    const files = [...this.#entries.values()].map(({ view, file }) => ({ path: view.path, file }));
    this.clear();
    return files;
  }

  /** Stops everything and forgets it. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#drop(entry);
    this.#changed();
  }

  #drop(entry: Entry): void {
    entry.stop.abort();
    this.#entries.delete(entry.view.id);
  }

  #next(): void {
    while (this.#active < 2) {
      const entry = [...this.#entries.values()].find((one) => one.view.state === 'waiting');
      if (!entry) return;
      this.#active += 1;
      this.#change(entry, { state: 'reading' });
      void this.#run(entry).finally(() => {
        this.#active -= 1;
        this.#next();
      });
    }
  }

  async #run(entry: Entry): Promise<void> {
    try {
      const result = await this.#send(entry.file, {
        projectId: this.#projectId,
        name: entry.view.path.split('/').at(-1) ?? entry.view.path,
        signal: entry.stop.signal,
        onProgress: ({ phase, done }) => this.#progress(entry, phase, done),
      });
      this.#change(entry, {
        state: 'done',
        done: entry.view.size,
        artifact: result.artifact,
        sent: result.sent,
        rate: null,
      });
    } catch (error) {
      if (!entry.stop.signal.aborted) this.#change(entry, { state: 'failed', error, rate: null });
    }
  }

  #progress(entry: Entry, phase: 'reading' | 'sending', done: number): void {
    const now = this.#clock.monotonic();
    if (entry.view.state !== phase) {
      entry.mark = { at: now, done };
      this.#change(entry, { state: phase, done, rate: null });
      return;
    }
    const elapsed = now - entry.mark.at;
    // A rate over less than half a second would jump with every piece.
    if (phase === 'sending' && elapsed >= 500) {
      const rate = ((done - entry.mark.done) / elapsed) * 1000;
      const smooth = entry.view.rate === null ? rate : entry.view.rate * 0.6 + rate * 0.4;
      entry.mark = { at: now, done };
      this.#change(entry, { done, rate: Math.max(0, smooth) });
    } else this.#change(entry, { done });
  }

  #change(entry: Entry, change: Partial<Upload>): void {
    if (this.#entries.get(entry.view.id) !== entry) return;
    entry.view = { ...entry.view, ...change };
    this.#changed();
  }

  #changed(): void {
    this.#views = [...this.#entries.values()].map((entry) => entry.view);
    for (const listener of this.#listeners) listener();
  }
}

/** How far all of them are together, by bytes that still have to be sent. */
export function totalProgress(uploads: readonly Upload[]): { done: number; total: number; rate: number } {
  let done = 0;
  let total = 0;
  let rate = 0;
  for (const upload of uploads) {
    total += upload.size;
    if (upload.state === 'done') done += upload.size;
    else if (upload.state === 'sending') done += upload.done;
    rate += upload.rate ?? 0;
  }
  return { done, total, rate };
}
