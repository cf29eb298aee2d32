import { randomBytes, type ScryptOptions, scrypt, timingSafeEqual } from 'node:crypto';

/** Cost of scrypt (RFC 7914): memory is 128 * N * r bytes. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** 32 MiB and some 0.2 s: one of the settings that OWASP's password storage cheat sheet gives for scrypt. */
export const standardCost: ScryptCost = { N: 2 ** 15, r: 8, p: 3 };

const saltBytes = 16;
const keyBytes = 32;
/** Hashes at work at one time; the rest wait, so that a flood of sign-ins costs patience and not memory. */
const atOnce = 2;

/** A stored hash, taken apart: `scrypt$N$r$p$salt$key`, the last two in base64url. */
interface StoredHash extends ScryptCost {
  readonly salt: Buffer;
  readonly key: Buffer;
}

export function parseHash(stored: string): StoredHash | undefined {
  const [scheme, n, r, p, salt, key, ...rest] = stored.split('$');
  if (scheme !== 'scrypt' || salt === undefined || key === undefined || rest.length > 0) return undefined;
  const cost = { N: Number(n), r: Number(r), p: Number(p) };
  if (!Object.values(cost).every((part) => Number.isSafeInteger(part) && part > 0)) return undefined;
  return { ...cost, salt: Buffer.from(salt, 'base64url'), key: Buffer.from(key, 'base64url') };
}

/**
 * Hashes and checks passwords. The cost is stored with every hash, so that it can be raised: hashes of another
 * cost still verify, and `stale` says that it is time for a new one.
 */
export class Passwords {
  readonly #cost: ScryptCost;
  /** Checked for addresses without an account, so that the answer takes as long as for those with one. */
  readonly #dummy: Promise<string>;
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(cost: ScryptCost = standardCost) {
    this.#cost = cost;
    this.#dummy = this.hash(randomBytes(16).toString('hex'));
  }

  async hash(password: string): Promise<string> {
    const salt = randomBytes(saltBytes);
    const key = await this.#derive(password, salt, keyBytes, this.#cost);
    const { N, r, p } = this.#cost;
    return ['scrypt', N, r, p, salt.toString('base64url'), key.toString('base64url')].join('$');
  }

  /**
   * Whether a password is the one of a stored hash. Without one (no such account, no password chosen yet) the work
   * is done all the same and the answer is no.
   */
  async verify(password: string, stored: string | null): Promise<{ ok: boolean; stale: boolean }> {
    const parsed = stored === null ? undefined : parseHash(stored);
    const hash = parsed ?? parseHash(await this.#dummy);
    if (!hash) return { ok: false, stale: false };
    const key = await this.#derive(password, hash.salt, hash.key.length, hash);
    const ok = parsed !== undefined && timingSafeEqual(key, hash.key);
    const { N, r, p } = this.#cost;
    return { ok, stale: ok && (hash.N !== N || hash.r !== r || hash.p !== p) };
  }

  async #derive(password: string, salt: Buffer, length: number, cost: ScryptCost): Promise<Buffer> {
    if (this.#running >= atOnce) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#running += 1;
    try {
      return await derive(password, salt, length, {
        N: cost.N,
        r: cost.r,
        p: cost.p,
        maxmem: 256 * cost.N * cost.r,
      });
    } finally {
      // Handing the place over keeps the count; only without a successor it becomes free.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#running -= 1;
    }
  }
}

/** Unicode forms that look the same are the same password (RFC 8265 §4.2.1). */
function derive(password: string, salt: Buffer, length: number, options: ScryptOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(password.normalize('NFC'), salt, length, options, (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}
