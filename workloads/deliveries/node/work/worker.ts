import { createHash, randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { Redactor } from '../../contract/redact.ts';
import { BytePace } from '../net/byte-pace.ts';
import { type RateLimits, windowOf } from '../net/least-rate.ts';
import { digestsOf } from '../net/source-slice.ts';
import { openStore, shareOf } from '../store/open-store.ts';
import type { Pace, Source, Store } from '../store/store.ts';
import { StoreFault } from '../store/store-fault.ts';
import { deliver, NameTaken } from '../upload/deliver.ts';
import { hashRemote } from '../verify/hash-remote.ts';
import { CopyWrong, ReadState, verifyCopy } from '../verify/verify-copy.ts';
import { Urgency } from './haste.ts';
import { type Listener, Persistence } from './persist.ts';
import { RateMeter } from './rate-meter.ts';
import type { WorkRequest, WorkResult, WorkWord } from './request.ts';

/** So often progress is told while bytes move. Milliseconds. */
const tellMs = 1_000;
/** For what is done after the work. Milliseconds. */
const tidyMs = 20_000;
/** Bytes of the file that a test sends. */
const testBytes = 1_024;

export interface WorkerOptions {
  readonly request: WorkRequest;
  readonly say: (word: WorkWord) => void;
  readonly signal: AbortSignal;
  readonly clock?: Clock;
  readonly random?: () => number;
  /** Changes while it works; left out: as the request says. */
  readonly urgency?: Urgency;
}

/** Does one piece of work with a target, for as long as patience lasts. @throws only what is our own mistake, or an abort */
export async function work({
  request,
  say,
  signal,
  clock = systemClock,
  random = Math.random,
  urgency = new Urgency(request.disk),
}: WorkerOptions): Promise<WorkResult> {
  const teller = new Teller(request, say, clock);
  const persistence = new Persistence(
    {
      clock,
      random,
      signal,
      patienceMs: request.patienceMs,
      alarmMs: request.alarmMs,
      pace: request.pace,
      urgency,
    },
    teller,
    request.target.down,
    request.target.untried,
  );
  let store: Store | undefined;
  try {
    const opened = await openStore(request, clock);
    store = opened;
    if (request.work.do === 'upload') await opened.renew?.(request.work.source);
    const doing = { request, store: opened, persistence, teller, signal, clock, urgency };
    const result = await doIt(doing);
    // A person waits for a test, and for nothing else.
    if (request.work.do !== 'test') await tidy(request, opened, signal);
    return result;
  } catch (error) {
    signal.throwIfAborted();
    return failed(request, error);
  } finally {
    teller.close();
    store?.close();
  }
}

/** What all parts of one piece of work need. */
interface Doing {
  readonly request: WorkRequest;
  readonly store: Store;
  readonly persistence: Persistence;
  readonly teller: Teller;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly urgency: Urgency;
}

async function doIt(doing: Doing): Promise<WorkResult> {
  const { request, store, persistence, teller, signal, clock } = doing;
  const { target, work: wanted } = request;
  const at = () => new Date(clock.now()).toISOString();
  const place = { targetId: target.id, target: target.name, kind: target.kind };
  switch (wanted.do) {
    case 'upload': {
      const { source } = wanted;
      const pace = paceOf(doing, source);
      const { path, file, how } = await persistence.run(() =>
        deliver({
          store,
          path: wanted.path,
          onOther: wanted.onOther,
          source,
          pace,
          checking: () => teller.phase('checking'),
        }),
      );
      const { size, sha256 } = source;
      const copy = { ...place, path, size, sha256, etag: file.etag, how, at: at() };
      return { outcome: 'uploaded', result: { copy, sent: teller.sentBytes, retries: persistence.retries } };
    }
    case 'verify': {
      teller.phase('checking');
      const state = new ReadState((position, goesOn) => {
        teller.reached(position);
        if (goesOn) persistence.progressed();
      });
      const method = await persistence.run(() => verifyCopy(store, wanted, state, limitsOf(doing), signal));
      const { path, size, sha256 } = wanted;
      const verification = { targetId: target.id, path, size, sha256, method, at: at() };
      return { outcome: 'verified', result: { verification } };
    }
    case 'test':
      return await test(doing);
    case 'abandon':
      await store.abandon(wanted.path, wanted.source, signal);
      return { outcome: 'abandoned' };
  }
}

/** What uploads have left behind. Another work tries it again when it fails, or is stopped: what was asked for is done. */
async function tidy({ work: wanted }: WorkRequest, store: Store, signal: AbortSignal): Promise<void> {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(tidyMs)]);
  await store.sweep?.(limited, wanted.do === 'upload' ? wanted : undefined).catch(() => undefined);
}

/** A small file goes there, comes back as it was, and goes away again. */
async function test(doing: Doing): Promise<WorkResult> {
  const { request, store, persistence, signal } = doing;
  const local = join(request.means.scratch, 'test');
  const bytes = randomBytes(testBytes);
  await writeFile(local, bytes);
  const { sha256 } = await digestsOf(local, { start: 0, end: testBytes }, signal);
  const source: Source = { path: local, size: testBytes, sha256, mediaType: 'application/octet-stream' };
  const pace = paceOf(doing, source);
  const path = `backlot-test-${randomBytes(6).toString('hex')}`;
  try {
    await persistence.run(() => store.put(path, source, pace));
    const found = await persistence.run(async () => {
      const hash = createHash('sha256');
      const limits = limitsOf(doing);
      await hashRemote(store, path, {
        hash,
        from: 0,
        most: testBytes,
        signal,
        limits,
        read: () => undefined,
      });
      return hash.digest('hex');
    });
    if (found !== sha256) throw new CopyWrong('copy-differs', 'it came back changed');
    await store.remove(path, signal);
  } finally {
    await rm(local, { force: true });
  }
  return { outcome: 'tested', path, size: testBytes };
}

function limitsOf({ request, clock }: Doing): RateLimits {
  return { clock, windowMs: windowOf(request.pace?.idleMs) };
}

function paceOf(doing: Doing, source: Source): Pace {
  const { request, persistence, teller, signal, clock, urgency } = doing;
  const share = shareOf(request.target.limits);
  const bucket = share === null ? undefined : new BytePace(share, clock, signal);
  let standing = 0;
  return {
    signal,
    limits: limitsOf(doing),
    // Several parts would not use up a limit any sooner.
    partsAtOnce: () => (bucket ? 1 : urgency.haste.partsAtOnce),
    ...(bucket ? { pieceBytes: bucket.pieceBytes } : {}),
    allow: async (bytes) => await bucket?.allow(bytes),
    sent(bytes) {
      persistence.moved();
      teller.sent(bytes);
    },
    reached(bytes) {
      // What an earlier attempt had brought there is no progress of this one.
      if (bytes > standing && standing > 0) persistence.progressed();
      standing = Math.max(standing, bytes);
      teller.reached(Math.min(bytes, source.size));
    },
  };
}

function failed(request: WorkRequest, error: unknown): WorkResult {
  const { work: wanted, target } = request;
  const path = 'path' in wanted ? wanted.path : '';
  if (error instanceof NameTaken)
    return { outcome: 'failed', why: 'name-taken', detail: '', path: error.path };
  if (error instanceof CopyWrong) return { outcome: 'failed', why: error.why, detail: error.message, path };
  if (error instanceof StoreFault) {
    const { kind } = error;
    const why = kind === 'refused' || kind === 'full' || kind === 'slow' ? kind : 'away';
    return { outcome: 'failed', why, detail: new Redactor(target).line(error.heard), path };
  }
  throw error;
}

/** Turns what happens into words, not too many of them. */
class Teller implements Listener {
  readonly #say: (word: WorkWord) => void;
  readonly #clock: Clock;
  readonly #meter: RateMeter;
  readonly #redactor: Redactor;
  readonly #total: number;
  #phase: 'queued' | 'sending' | 'waiting' | 'checking' = 'sending';
  #done = 0;
  #sent = 0;
  #retries = 0;
  #words = 0;
  #fault: string | null = null;
  #nextTryAt: string | null = null;
  #cancel: (() => void) | undefined;

  constructor({ work: wanted, target }: WorkRequest, say: (word: WorkWord) => void, clock: Clock) {
    this.#say = say;
    this.#clock = clock;
    this.#redactor = new Redactor(target);
    this.#meter = new RateMeter(() => clock.monotonic());
    this.#total =
      wanted.do === 'upload' ? wanted.source.size : wanted.do === 'verify' ? wanted.size : testBytes;
  }

  get sentBytes(): number {
    return this.#sent;
  }

  phase(phase: 'sending' | 'checking'): void {
    this.#phase = phase;
    this.#soon();
  }

  sent(bytes: number): void {
    this.#sent += bytes;
    this.#meter.add(bytes);
    this.#soon();
  }

  reached(bytes: number): void {
    this.#done = bytes;
    this.#soon();
  }

  waiting(fault: StoreFault, untilMs: number): void {
    this.#phase = 'waiting';
    this.#retries += 1;
    this.#fault = this.#redactor.line(fault.heard);
    this.#nextTryAt = new Date(untilMs).toISOString();
    this.#tell();
  }

  untilNow(untilMs: number): void {
    this.#nextTryAt = new Date(untilMs).toISOString();
    this.#tell();
  }

  again(): void {
    this.#phase = 'sending';
    this.#nextTryAt = null;
    this.#soon();
  }

  unreachable(fault: StoreFault): void {
    this.#words += 1;
    const detail = this.#redactor.line(fault.heard);
    this.#say({ t: 'unreachable', n: this.#words, why: fault.kind, detail });
  }

  reachable(): void {
    this.#fault = null;
    this.#words += 1;
    this.#say({ t: 'reachable', n: this.#words });
  }

  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #soon(): void {
    this.#cancel ??= this.#clock.after(tellMs, () => {
      this.#cancel = undefined;
      this.#tell();
    });
  }

  #tell(): void {
    this.#say({
      t: 'progress',
      phase: this.#phase,
      done: this.#done,
      total: this.#total,
      rate: this.#phase === 'waiting' ? 0 : this.#meter.rate,
      retries: this.#retries,
      nextTryAt: this.#nextTryAt,
      fault: this.#fault,
    });
  }
}
