import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rm, stat, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';

/** One part as the store has confirmed it, and as we know it. */
const Part = z.object({
  number: z.number().int().min(1).max(10_000),
  size: z.number().int().nonnegative(),
  etag: z.string(),
});
export type LedgerPart = z.infer<typeof Part>;

const Head = z.object({
  v: z.literal(1),
  bucket: z.string(),
  key: z.string(),
  /** The store's own name for the upload. */
  uploadId: z.string(),
  size: z.number().int(),
  sha256: z.string(),
  partSize: z.number().int().positive(),
});
export type LedgerHead = z.infer<typeof Head>;

/** Which upload a ledger is of. A target's bucket may change between attempts, and then it is another upload. */
export interface LedgerKey {
  readonly bucket: string;
  readonly key: string;
  readonly sha256: string;
  readonly endpoint: string;
}

/**
 * Our own book of the parts of one upload, in a file that outlives the process: a head, and a line for each part, on the
 * disk before the next part is begun. Stores list parts too, but some S3-compatible ones wrongly or not at all; and a book
 * that is lost costs only time.
 */
export class PartLedger {
  readonly head: LedgerHead;
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #parts: Map<number, LedgerPart>;
  /** One line after the other, also of parts that arrive at once. */
  #written: Promise<void> = Promise.resolve();

  private constructor(head: LedgerHead, path: string, file: FileHandle, parts: Map<number, LedgerPart>) {
    this.head = head;
    this.#path = path;
    this.#file = file;
    this.#parts = parts;
  }

  /** The book of an upload that was begun; undefined when there is none, or one that nobody can read. */
  static async find(folder: string, key: LedgerKey): Promise<PartLedger | undefined> {
    const path = pathOf(folder, key);
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text === undefined) return undefined;
    const read = readLines(text);
    if (!read) {
      await rm(path, { force: true });
      return undefined;
    }
    const file = await open(path, 'r+', 0o600);
    // What a crash has torn is cut off, so that the next line stands on its own.
    await file.truncate(read.bytes);
    return new PartLedger(read.head, path, file, read.parts);
  }

  static async begin(folder: string, key: LedgerKey, head: LedgerHead): Promise<PartLedger> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = pathOf(folder, key);
    await rm(path, { force: true });
    const file = await open(path, 'wx', 0o600);
    await append(file, head);
    return new PartLedger(head, path, file, new Map());
  }

  get parts(): readonly LedgerPart[] {
    return [...this.#parts.values()].sort((a, b) => a.number - b.number);
  }

  has(number: number): boolean {
    return this.#parts.has(number);
  }

  /** Bytes that stand at the store for certain. */
  get reached(): number {
    return this.parts.reduce((sum, { size }) => sum + size, 0);
  }

  async record(part: LedgerPart): Promise<void> {
    await this.#append(part);
    this.#parts.set(part.number, part);
  }

  /** The store does not have this part as we noted it: it is sent again. */
  async strike(number: number): Promise<void> {
    if (!this.#parts.delete(number)) return;
    await this.#append({ struck: number });
  }

  async #append(line: unknown): Promise<void> {
    const written = this.#written.then(() => append(this.#file, line));
    this.#written = written.catch(() => undefined);
    await written;
  }

  async close(): Promise<void> {
    await this.#file.close();
  }

  /** The upload is over, one way or the other. */
  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }
}

/** A book that lies on this node, of an upload that may be over, forgotten, or another process's. */
export interface LyingBook {
  readonly path: string;
  /** Nothing when nobody can read it. */
  readonly head: LedgerHead | undefined;
  /** Since anybody has gone on with it. Milliseconds. */
  readonly quietMs: number;
}

/** All books of a node. */
export async function lyingBooks(folder: string, now: number): Promise<LyingBook[]> {
  const names = await readdir(folder).catch(() => []);
  const books = names.map(async (name): Promise<LyingBook[]> => {
    const path = join(folder, name);
    try {
      const [text, { mtimeMs }] = await Promise.all([readFile(path, 'utf8'), stat(path)]);
      return [{ path, head: parse(Head, text.split('\n', 1)[0]), quietMs: now - mtimeMs }];
    } catch {
      // Its upload has ended meanwhile.
      return [];
    }
  });
  return (await Promise.all(books)).flat();
}

/** The key of a book, where it is one of this store: its name is made of the store's address too. */
export function keyOf({ path, head }: LyingBook, endpoint: string): LedgerKey | undefined {
  if (!head) return undefined;
  const { bucket, key, sha256 } = head;
  const found = { endpoint, bucket, key, sha256 };
  return pathOf(dirname(path), found) === path ? found : undefined;
}

/** Somebody still wants it: it grows no older while its target is away. */
export async function renewBook({ path }: LyingBook, now: number): Promise<void> {
  await utimes(path, now / 1_000, now / 1_000).catch(() => undefined);
}

function pathOf(folder: string, { endpoint, bucket, key, sha256 }: LedgerKey): string {
  const name = createHash('sha256')
    .update(JSON.stringify([endpoint, bucket, key, sha256]))
    .digest('hex');
  return join(folder, `${name.slice(0, 40)}.parts`);
}

async function append(file: FileHandle, line: unknown): Promise<void> {
  const { size } = await file.stat();
  await file.write(`${JSON.stringify(line)}\n`, size);
  await file.datasync();
}

/** Whole lines from the beginning of a book; what follows a line that makes no sense is not believed. */
function readLines(text: string) {
  const [first, ...rest] = text.split('\n');
  const head = parse(Head, first);
  if (!head || rest.length === 0) return undefined;
  const parts = new Map<number, LedgerPart>();
  let bytes = Buffer.byteLength(first ?? '') + 1;
  // What stands behind the last line break was torn.
  for (const line of rest.slice(0, -1)) {
    const part = parse(Part, line);
    const struck = part ? undefined : parse(Struck, line);
    if (part) parts.set(part.number, part);
    else if (struck) parts.delete(struck.struck);
    else break;
    bytes += Buffer.byteLength(line) + 1;
  }
  return { head, parts, bytes };
}

const Struck = z.object({ struck: z.number().int() });

function parse<T>(schema: z.ZodType<T>, line: string | undefined): T | undefined {
  try {
    return schema.safeParse(JSON.parse(line ?? '')).data;
  } catch {
    return undefined;
  }
}
