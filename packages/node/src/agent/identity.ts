import { createPrivateKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { linkErrors } from '@backlot/contract/errors/link';
import { Id } from '@backlot/contract/id';
import { z } from 'zod';
import { writeDurably } from '../journal/durable-file.ts';

const IdentityFile = z.object({
  v: z.literal(1),
  /** Ed25519, PKCS #8, PEM. Never leaves this machine. */
  privateKey: z.string(),
  /** Nothing until the node has joined. */
  nodeId: Id.nullable(),
  name: z.string(),
  /** The last that the control plane has told; 0 before the first. */
  epoch: z.number().int().nonnegative(),
});
type IdentityFile = z.infer<typeof IdentityFile>;

/** Who this node is: its key, the id it was given, and its epoch; in one file that only its owner may read. */
export class Identity {
  readonly #path: string;
  readonly #key: KeyObject;
  #file: IdentityFile;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, file: IdentityFile, key: KeyObject) {
    this.#path = path;
    this.#file = file;
    this.#key = key;
  }

  /**
   * Reads the identity, or makes a key. The key is on disk before anyone hears of it, so that a join whose answer
   * was lost is repeated with the same one.
   *
   * @throws identity_unreadable
   */
  static async open(dataDir: string, name: string): Promise<Identity> {
    const path = join(dataDir, 'identity.json');
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new BacklotError(linkErrors.identity_unreadable, { params: { path }, cause: error });
    });
    if (text !== undefined) {
      try {
        const file = IdentityFile.parse(JSON.parse(text));
        // A copy by hand may have opened it to others.
        await chmod(path, 0o600);
        return new Identity(path, file, createPrivateKey(file.privateKey));
      } catch (cause) {
        throw new BacklotError(linkErrors.identity_unreadable, { params: { path }, cause });
      }
    }
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const identity = new Identity(path, { v: 1, privateKey: pem, nodeId: null, name, epoch: 0 }, privateKey);
    await identity.#save({});
    return identity;
  }

  get nodeId(): string | null {
    return this.#file.nodeId;
  }

  get name(): string {
    return this.#file.name;
  }

  get epoch(): number {
    return this.#file.epoch;
  }

  /** Raw public key, base64url. */
  get publicKey(): string {
    const { x } = this.#key.export({ format: 'jwk' });
    if (x === undefined)
      throw new BacklotError(linkErrors.identity_unreadable, { params: { path: this.#path } });
    return x;
  }

  /** Signature of a text, base64url. */
  sign(text: string): string {
    return sign(null, Buffer.from(text), this.#key).toString('base64url');
  }

  async joined(nodeId: string, name: string): Promise<void> {
    await this.#save({ nodeId, name, epoch: 0 });
  }

  /** Resolves when the epoch is on disk. */
  async setEpoch(epoch: number): Promise<void> {
    if (epoch !== this.#file.epoch) await this.#save({ epoch });
  }

  /** One after the other: two changes at once must not lose each other. */
  #save(change: Partial<IdentityFile>): Promise<void> {
    const saved = this.#saving.then(async () => {
      const file = { ...this.#file, ...change };
      await writeDurably(this.#path, `${JSON.stringify(file, null, 2)}\n`, 0o600);
      this.#file = file;
    });
    this.#saving = saved.catch(() => undefined);
    return saved;
  }
}
