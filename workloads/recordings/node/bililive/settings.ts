/** How this node reaches a BililiveRecorder: one that it runs itself, or one that runs anyway. */
export interface EngineSettings {
  /** Its work directory, as this node sees it. */
  readonly dir: string;
  /** Null: it runs anyway, at `url`. */
  readonly binary: string | null;
  /** Null: chosen when it is started. */
  readonly port: number | null;
  /** By IP, because it refuses names (412). Null where we run it. */
  readonly url: string | null;
  readonly user: string;
  readonly pass: string;
}
type Environment = Readonly<Record<string, string | undefined>>;

/**
 * @param env `BACKLOT_BILILIVE_DIR` with either `BACKLOT_BILILIVE_BINARY` (and `_PORT`) or `BACKLOT_BILILIVE_URL` (and `_USER`,
 *   `_PASS`). Undefined: this node has none.
 * @throws Error with a sentence for settings that make no sense
 */
export function readEngineSettings(env: Environment): EngineSettings | undefined {
  const text = (name: string): string | null => env[`BACKLOT_BILILIVE_${name}`]?.trim() || null;
  const dir = text('DIR');
  const binary = text('BINARY');
  const url = text('URL');
  if (binary === null && url === null) return undefined;
  if (dir === null) throw new Error('BACKLOT_BILILIVE_DIR must say where BililiveRecorder keeps its files.');
  if (url !== null && !/^https?:\/\/[^/]+\/?$/.test(url)) {
    throw new Error('BACKLOT_BILILIVE_URL is an address such as http://127.0.0.1:2356.');
  }
  const port = text('PORT');
  if (port !== null && !(Number.isInteger(Number(port)) && Number(port) > 0 && Number(port) < 65_536)) {
    throw new Error('BACKLOT_BILILIVE_PORT is a number from 1 to 65535.');
  }
  return {
    dir,
    binary: url === null ? binary : null,
    port: port === null ? null : Number(port),
    url,
    user: text('USER') ?? '',
    pass: text('PASS') ?? '',
  };
}
