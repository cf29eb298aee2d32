import type { TargetKind } from './target.ts';

/** Shorter ones stand in too many words to be worth hiding. */
const leastLength = 4;
/** Pieces of an address in a notation of somebody's own (Apprise's) are hidden from this length on. */
const leastPiece = 6;
/** The last name of an address that is shown to some: shorter than this it is a word and no token. */
const leastToken = 12;
const hidden = '•••';
/** Options of an rclone.conf that open nothing, and stand in most of what rclone says. */
const plainOptions =
  /^(type|vendor|provider|region|remote|remotes|upstreams|user|username|scope|drive_type)$/i;

/** A redactor's alone: this file has it, and nobody else. */
let read: (heard: Heard) => { readonly text: string; readonly broken: boolean };

/**
 * Words that came from outside, as they came: they may hold what was given there. Nobody can read them but a `Redactor`,
 * so that nothing of them is shown, logged or cut before the secrets are out. A secret of which a cut has left one half
 * is found by no search any more.
 */
export class Heard {
  readonly #text: string;
  readonly #broken: boolean;

  /** @param broken reading ended before the words did: the last of them may be the first half of a secret */
  constructor(text: string, broken = false) {
    this.#text = text;
    this.#broken = broken;
  }

  /** The same with words of ours before it. */
  after(words: string): Heard {
    return new Heard(`${words}${this.#text}`, this.#broken);
  }

  static {
    read = (heard) => ({ text: heard.#text, broken: heard.#broken });
  }
}

/** Of a target: what was given to it, and may come back in its words. */
export interface Given {
  readonly kind: TargetKind;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, string>>;
}

/** Takes secrets out of what a target says, and only then makes it short. */
export class Redactor {
  readonly #parts: readonly string[];

  constructor(given: Given) {
    const parts = partsOf(given).flatMap((part) => [part.trim(), ...notationsOf(part.trim())]);
    // The longest first: a part of another one would leave the rest of it.
    this.#parts = [...new Set(parts)]
      .filter((part) => part.length >= leastLength)
      .sort((a, b) => b.length - a.length);
  }

  /** A text of any length, without secrets. For texts that are whole. */
  clean(text: string): string {
    let clean = text;
    for (const part of this.#parts) clean = clean.replaceAll(part, hidden);
    return clean;
  }

  /** Words as people are shown them: without secrets, then without markup, on one line, and then cut to so many characters. */
  line(heard: Heard, most = 200): string {
    const { text, broken } = read(heard);
    const whole = this.clean(text.toWellFormed());
    const sound = broken ? this.#withoutBeginning(whole) : whole;
    const line = this.clean(
      sound
        .replace(/<[^>]*>/g, ' ')
        .replace(/[\p{Cc}\s]+/gu, ' ')
        .trim(),
    );
    const letters = [...line];
    return letters.length <= most ? line : `${letters.slice(0, most - 1).join('')}…`;
  }

  /** Without an end that is the beginning of a secret. */
  #withoutBeginning(text: string): string {
    let most = 0;
    for (const part of this.#parts) {
      for (let length = Math.min(part.length - 1, text.length); length > most; length -= 1) {
        if (text.endsWith(part.slice(0, length))) most = length;
      }
    }
    return most === 0 ? text : `${text.slice(0, -most)}${hidden}`;
  }
}

/** What opens something, whole and in the pieces in which it travels. */
function partsOf({ kind, settings, secrets }: Given): string[] {
  const { user } = settings;
  const { password } = secrets;
  // As HTTP (RFC 7617) and SMTP (RFC 4616, and the older LOGIN) send them.
  const signIns =
    password === undefined
      ? []
      : [`${user ?? ''}:${password}`, `\0${user ?? ''}\0${password}`, password].map(base64);
  return [
    ...signIns,
    ...Object.values(secrets).flatMap((secret) => [secret, ...piecesOf(secret)]),
    ...Object.values(settings).flatMap((value) =>
      typeof value === 'string' && isWebAddress(value)
        ? openings(value, kind === 'webhook' ? leastToken : undefined)
        : [],
    ),
  ];
}

function piecesOf(secret: string): string[] {
  if (/^\s*\[[^\]]+\]\s*$/m.test(secret)) return optionsOf(secret);
  const lines = secret.split(/[\r\n]+/);
  return lines.flatMap((line) => {
    if (isWebAddress(line)) return [line, ...openings(line, leastLength)];
    if (/^[a-z][a-z0-9+.-]*:\/\//i.test(line)) {
      return [line, ...line.split(/[/:@?&=,\s]+/).filter((piece) => piece.length >= leastPiece)];
    }
    return [line, line.replace(/^(Basic|Bearer)\s+/i, ''), ...valuesOf(line)];
  });
}

/** Values of an rclone.conf. */
function optionsOf(config: string): string[] {
  return config.split(/[\r\n]+/).flatMap((line) => {
    const [, name = '', value = ''] = /^\s*([^=:[\s]+)\s*[=:]\s*(.*)$/.exec(line) ?? [];
    if (plainOptions.test(name)) return [];
    // That a service can't be reached says where it is.
    if (!isWebAddress(value)) return [value];
    return openings(value);
  });
}

/**
 * What opens in an address: a sign-in, the values of its query, and where all of it may, its path and the last name of that.
 * @param leastName shorter names are words; left out where the path is no secret
 */
function openings(address: string, leastName?: number): string[] {
  const { pathname, search, username, password } = new URL(address);
  const last = pathname.split('/').at(-1) ?? '';
  return [
    ...(username === '' && password === '' ? [] : [`${username}:${password}`, plain(password), password]),
    ...(password === '' ? [] : [base64(`${plain(username)}:${plain(password)}`)]),
    search.slice(1),
    ...valuesOf(search.slice(1)),
    ...(leastName === undefined || pathname.length <= leastPiece ? [] : [pathname]),
    ...(leastName === undefined || last.length < leastName ? [] : [last]),
  ];
}

function valuesOf(query: string): string[] {
  return query.includes('=') ? [...new URLSearchParams(query).values()] : [];
}

/** The same text as other notations write it: in an address, in JSON, in HTML. */
function notationsOf(text: string): string[] {
  return [
    encodeURIComponent(text.toWellFormed()),
    JSON.stringify(text).slice(1, -1),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  ];
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\//i.test(text) && URL.canParse(text);
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The contract has no API of Node: bytes of UTF-8 by hand. */
function base64(text: string): string {
  return btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join(''));
}
