import type { Readable } from 'node:stream';
import { joinPath, type WebdavSettings } from '../../../contract.ts';
import { inTime } from '../../net/in-time.ts';
import { paced } from '../../net/source-slice.ts';
import type { Pace, RemoteFile, Source, Store } from '../store.ts';
import { StoreFault } from '../store-fault.ts';
import { DavHttp } from './webdav-http.ts';

export interface WebdavStoreOptions {
  readonly settings: WebdavSettings;
  readonly secrets: { readonly password?: string | undefined; readonly token?: string | undefined };
  readonly idleMs?: number;
}

/**
 * WebDAV (RFC 4918): the bytes go to a name of their own and get their real one by MOVE, which never replaces anything.
 * An upload that was cut off goes on where the server takes a part of a file: SabreDAV (Nextcloud, ownCloud) by PATCH with
 * `X-Update-Range` (sabre.io/dav/http-patch), Apache by PUT with `Content-Range`. Everywhere else it begins anew.
 */
export class WebdavStore implements Store {
  readonly #http: DavHttp;
  readonly #settings: WebdavSettings;
  /** With a slash at its end, and in ASCII: it goes into a header. */
  readonly #base: string;
  readonly #made = new Set<string>();
  #resume: 'patch' | 'range' | 'none' | undefined;

  constructor({ settings, secrets, idleMs = 60_000 }: WebdavStoreOptions) {
    this.#settings = settings;
    const { origin, pathname, username, password } = new URL(settings.url);
    this.#base = `${origin}${pathname.endsWith('/') ? pathname : `${pathname}/`}`;
    // Addresses with a sign-in are not taken any more; those that were go on.
    const user = settings.user === '' ? decodeURIComponent(username) : settings.user;
    const basic = `${user}:${secrets.password ?? decodeURIComponent(password)}`;
    const authorization =
      secrets.token !== undefined
        ? `Bearer ${secrets.token}`
        : basic === ':'
          ? undefined
          : `Basic ${Buffer.from(basic).toString('base64')}`;
    this.#http = new DavHttp(authorization, idleMs);
  }

  async stat(path: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    return await this.#look(this.#url(path), signal);
  }

  async put(path: string, source: Source, pace: Pace): Promise<RemoteFile> {
    const { signal } = pace;
    await this.#makeFolders(path, signal);
    const part = this.#partUrl(path, source);
    const standing = await this.#look(part, signal);
    if (standing?.size !== source.size) {
      const went = standing ? await this.#sendRest(part, standing.size, source, pace) : false;
      if (!went) await this.#sendWhole(part, source, pace);
    }
    const there = await this.#look(part, signal);
    if (there?.size !== source.size) {
      await this.#delete(part, signal);
      throw new StoreFault('damaged', `${there?.size ?? 0} of ${source.size} bytes have arrived`);
    }
    const moved = { destination: this.#url(path), overwrite: 'F' };
    await this.#http.call({ method: 'MOVE', url: part, headers: moved, signal });
    pace.reached(source.size);
    return { size: source.size, etag: there.etag, noted: null };
  }

  async read(path: string, from: number, signal: AbortSignal): Promise<Readable> {
    const headers = from === 0 ? {} : { range: `bytes=${from}-` };
    const answer = await this.#http.open({ method: 'GET', url: this.#url(path), headers, signal });
    if (from === 0) return answer;
    if (answer.statusCode === 206) {
      if (answer.headers['content-range']?.startsWith(`bytes ${from}-`)) return answer;
      answer.destroy();
      throw new StoreFault('away', 'it answered another range than the one asked for');
    }
    // A server without ranges sends all of it; what is known already is skipped.
    return skipBytes(answer, from);
  }

  async remove(path: string, signal: AbortSignal): Promise<void> {
    await this.#delete(this.#url(path), signal);
  }

  async abandon(path: string, source: Source, signal: AbortSignal): Promise<void> {
    await this.#delete(this.#partUrl(path, source), signal);
  }

  close(): void {
    this.#http.close();
  }

  async #sendWhole(url: string, source: Source, pace: Pace): Promise<void> {
    const headers = { 'content-type': source.mediaType, 'content-length': String(source.size) };
    await inTime(pace, async (rate, signal) => {
      const body = paced(source.path, { start: 0, end: source.size }, pace, rate);
      await this.#http.call({ method: 'PUT', url, headers, body, signal });
    });
  }

  /** @returns false when the server can't, or has made something else of it */
  async #sendRest(url: string, from: number, source: Source, pace: Pace): Promise<boolean> {
    const { signal } = pace;
    if (from === 0 || from > source.size) return false;
    const how = await this.#resumesBy(url, signal);
    if (how === 'none') return false;
    pace.reached(from);
    const last = source.size - 1;
    const [method, headers] =
      how === 'patch'
        ? ([
            'PATCH',
            { 'content-type': 'application/x-sabredav-partialupdate', 'x-update-range': `bytes=${from}-` },
          ] as const)
        : (['PUT', { 'content-range': `bytes ${from}-${last}/${source.size}` }] as const);
    try {
      const length = { 'content-length': String(source.size - from) };
      await inTime(pace, async (rate, timed) => {
        const body = paced(source.path, { start: from, end: source.size }, pace, rate);
        await this.#http.call({ method, url, headers: { ...headers, ...length }, body, signal: timed });
      });
    } catch (error) {
      if (!(error instanceof StoreFault) || error.kind !== 'refused') throw error;
      this.#resume = 'none';
      return false;
    }
    // A server that takes the range for the whole file has a shorter one now.
    const there = await this.#look(url, signal);
    if (there?.size === source.size) return true;
    this.#resume = 'none';
    return false;
  }

  /** How the server lets a file be continued, by what it says of itself. */
  async #resumesBy(url: string, signal: AbortSignal): Promise<'patch' | 'range' | 'none'> {
    if (this.#resume === undefined) {
      const { headers } = await this.#http.call({ method: 'OPTIONS', url, signal }, [403, 404, 405, 501]);
      const dav = String(headers.dav ?? '');
      const server = String(headers.server ?? '');
      this.#resume = dav.includes('sabredav-partialupdate')
        ? 'patch'
        : /^apache/i.test(server)
          ? 'range'
          : 'none';
    }
    return this.#resume;
  }

  async #look(url: string, signal: AbortSignal): Promise<RemoteFile | undefined> {
    const { status, headers } = await this.#http.call({ method: 'HEAD', url, signal }, [404]);
    if (status === 404) return undefined;
    const length = Number(headers['content-length'] ?? Number.NaN);
    if (!Number.isSafeInteger(length)) throw new StoreFault('refused', 'it does not tell the size of a file');
    return { size: length, etag: headers.etag?.slice(0, 300) ?? null, noted: null };
  }

  async #delete(url: string, signal: AbortSignal): Promise<void> {
    await this.#http.call({ method: 'DELETE', url, signal }, [404]);
  }

  /** The folders of a path, from the outermost; 405 says that one is there (RFC 4918 §9.3.1). */
  async #makeFolders(path: string, signal: AbortSignal): Promise<void> {
    const names = joinPath(this.#settings.prefix, path).split('/').slice(0, -1);
    for (let count = 1; count <= names.length; count += 1) {
      const folder = names.slice(0, count).join('/');
      if (this.#made.has(folder)) continue;
      const url = `${this.#base}${encodePath(folder)}/`;
      // 301 and 409 are what some servers answer for a folder that stands there.
      const { status } = await this.#http.call({ method: 'MKCOL', url, signal }, [301, 405, 409]);
      if (status === 409 && !(await this.#exists(url, signal))) {
        throw new StoreFault('refused', `the folder ${folder} can’t be made`);
      }
      this.#made.add(folder);
    }
  }

  async #exists(url: string, signal: AbortSignal): Promise<boolean> {
    const depth = { depth: '0' };
    const { status } = await this.#http.call({ method: 'PROPFIND', url, headers: depth, signal }, [404]);
    return status !== 404;
  }

  #url(path: string): string {
    return `${this.#base}${encodePath(joinPath(this.#settings.prefix, path))}`;
  }

  /** Beside its place, the same for every attempt at the same content. */
  #partUrl(path: string, source: Source): string {
    const whole = joinPath(this.#settings.prefix, path);
    const folder = whole.slice(0, whole.lastIndexOf('/') + 1);
    return `${this.#base}${encodePath(`${folder}.${source.sha256.slice(0, 24)}.part`)}`;
  }
}

function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** A stream without its first bytes. */
function skipBytes(stream: Readable, count: number): Readable {
  let left = count;
  return stream.flatMap((piece: Buffer) => {
    const skipped = Math.min(left, piece.byteLength);
    left -= skipped;
    return skipped === piece.byteLength ? [] : [piece.subarray(skipped)];
  });
}
