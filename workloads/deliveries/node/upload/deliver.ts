import { createHash } from 'node:crypto';
import { mostNames, numberedPath } from '../../contract.ts';
import type { Pace, RemoteFile, Source, Store } from '../store/store.ts';
import { StoreFault } from '../store/store-fault.ts';
import { hashRemote } from '../verify/hash-remote.ts';

/** Other content stands under the name, and the step wants no other name. */
export class NameTaken extends Error {
  readonly path: string;

  constructor(path: string) {
    super(`Other content stands at ${path}.`);
    this.name = 'NameTaken';
    this.path = path;
  }
}

export interface DeliverOptions {
  readonly store: Store;
  readonly path: string;
  readonly onOther: 'rename' | 'fail';
  readonly source: Source;
  readonly pace: Pace;
  /** Said before something is read back, which takes time. */
  readonly checking: () => void;
}

/**
 * Brings a file under its name, or the first name after it that is free. Where the same content stands already, nothing
 * is sent: an attempt after a crash finds what the one before has finished. Never replaces anything.
 *
 * @throws NameTaken, StoreFault
 */
export async function deliver(
  options: DeliverOptions,
): Promise<{ readonly path: string; readonly file: RemoteFile; readonly how: 'sent' | 'found' }> {
  const { store, source, pace, onOther } = options;
  for (let number = 1; number <= mostNames; number += 1) {
    const path = numberedPath(options.path, number);
    const there = await store.stat(path, pace.signal);
    if (!there) return { path, file: await sendTo(options, path), how: 'sent' };
    if (await isSame(options, path, there)) {
      pace.reached(source.size);
      return { path, file: there, how: 'found' };
    }
    if (onOther === 'fail') throw new NameTaken(path);
  }
  throw new NameTaken(options.path);
}

async function sendTo({ store, source, pace }: DeliverOptions, path: string): Promise<RemoteFile> {
  await store.put(path, source, pace);
  const there = await store.stat(path, pace.signal);
  if (there?.size === source.size) return there;
  throw new StoreFault('damaged', `${there?.size ?? 0} of ${source.size} bytes stand there`);
}

/** The size first, then what we noted ourselves, then the bytes. */
async function isSame(
  { store, source, pace, checking }: DeliverOptions,
  path: string,
  there: RemoteFile,
): Promise<boolean> {
  if (there.size !== source.size) return false;
  if (there.noted !== null) return there.noted === source.sha256;
  checking();
  const told = await store.sha256?.(path, pace.signal);
  if (told !== undefined) return told === source.sha256;
  const hash = createHash('sha256');
  const { size: most } = source;
  const read = await hashRemote(store, path, {
    hash,
    from: 0,
    most,
    signal: pace.signal,
    limits: pace.limits,
    read: () => undefined,
  });
  // Ended early without an error, as a connection that is closed too soon does: nothing is known of the rest.
  if (read < most) throw new StoreFault('away', `${read} of ${most} bytes came back`);
  return read === most && hash.digest('hex') === source.sha256;
}
