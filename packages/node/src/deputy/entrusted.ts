import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Entrust } from '@backlot/contract/deputy/messages';
import type { Logger } from 'pino';
import { writeDurably } from '../journal/durable-file.ts';

/**
 * What the control plane has entrusted to this node for the time when it is away: flow versions with the secrets of
 * their steps, a file for each allocation whose facts begin them. Nobody else may read them; a file goes with its
 * allocation.
 */
export class Entrusted {
  readonly #folder: string;
  readonly #log: Logger;
  readonly #all = new Map<string, Entrust>();

  private constructor(folder: string, log: Logger) {
    this.#folder = folder;
    this.#log = log;
  }

  static async open(folder: string, log: Logger): Promise<Entrusted> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const entrusted = new Entrusted(folder, log);
    await entrusted.#read();
    return entrusted;
  }

  /** What an allocation was entrusted with; undefined when it was another version, or nothing. */
  of(allocation: string, version: string): Entrust | undefined {
    const found = this.#all.get(allocation);
    return found?.version === version ? found : undefined;
  }

  /** Keeps a bundle in place of the one before. Resolves when it is on the disk. */
  async keep(bundle: Entrust): Promise<void> {
    await writeDurably(this.#path(bundle.allocation), JSON.stringify(bundle), 0o600);
    this.#all.set(bundle.allocation, bundle);
  }

  /** Forgets what belongs to allocations that are not here any more. */
  async sweep(here: ReadonlySet<string>): Promise<void> {
    for (const allocation of [...this.#all.keys()]) {
      if (here.has(allocation)) continue;
      this.#all.delete(allocation);
      await rm(this.#path(allocation), { force: true });
    }
  }

  #path(allocation: string): string {
    return join(this.#folder, `${allocation}.json`);
  }

  async #read(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const path = join(this.#folder, name);
      try {
        const bundle = Entrust.parse(JSON.parse(await readFile(path, 'utf8')));
        if (name !== `${bundle.allocation}.json`) throw new Error('Its name is not that of its allocation.');
        this.#all.set(bundle.allocation, bundle);
      } catch (error) {
        // Half-written by a crash, or of another release: without it the node only waits for the control plane.
        this.#log.warn({ err: error, name }, 'what was entrusted to this node could not be read');
        await rm(path, { force: true });
      }
    }
  }
}
