import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { defaultConfigDir, type Machine } from '../config/data-dir.ts';

/** A person's tokens, by address of the control plane; one of the addresses is the usual one. */
const SignInFile = z.object({
  current: z.string().optional(),
  tokens: z.record(z.string(), z.object({ token: z.string(), name: z.string() })).default({}),
});
type SignInFile = z.output<typeof SignInFile>;

export interface SignIn {
  readonly url: string;
  readonly token: string;
  /** Who it is, as `backlot login` learned it. */
  readonly name: string;
}

/** The file that `backlot login` writes. Readable by its owner only. */
export class SignIns {
  readonly path: string;

  constructor(machine: Machine) {
    this.path = join(defaultConfigDir(machine), 'sign-ins.json');
  }

  /** The sign-in for an address; without one, the latest. */
  async find(url?: string): Promise<SignIn | undefined> {
    const file = await this.#read();
    const wanted = url ?? file.current;
    const entry = wanted === undefined ? undefined : file.tokens[wanted];
    return wanted === undefined || entry === undefined ? undefined : { url: wanted, ...entry };
  }

  async save({ url, token, name }: SignIn): Promise<void> {
    const file = await this.#read();
    await this.#write({ current: url, tokens: { ...file.tokens, [url]: { token, name } } });
  }

  /** Forgets an address; the next command there asks to sign in. */
  async remove(url: string): Promise<boolean> {
    const file = await this.#read();
    if (!file.tokens[url]) return false;
    const { [url]: _gone, ...tokens } = file.tokens;
    await this.#write({ tokens, ...(file.current === url ? {} : { current: file.current }) });
    return true;
  }

  async #read(): Promise<SignInFile> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '{}';
      throw error;
    });
    // A file that was cut off costs a sign-in, not every command from now on.
    try {
      return SignInFile.parse(JSON.parse(text));
    } catch {
      return { tokens: {} };
    }
  }

  async #write(file: SignInFile): Promise<void> {
    await mkdir(dirname(this.path), { recursive: true, mode: 0o700 });
    const draft = `${this.path}.${process.pid}`;
    await writeFile(draft, `${JSON.stringify(file, null, 2)}\n`, { mode: 0o600 });
    await chmod(draft, 0o600);
    await rename(draft, this.path);
  }
}
