import { z } from 'zod';

const requestMs = 10_000;
const mostBytes = 8 * 1024 * 1024;

/** A room of BililiveRecorder (reference/recording.md 1.3). What a version leaves out is as if nothing were known. */
const Number0 = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);
const Text = z
  .string()
  .nullish()
  .transform((value) => value ?? '');
export const RoomDto = z.looseObject({
  roomId: z.number().int(),
  shortId: Number0,
  name: Text,
  title: Text,
  areaNameParent: Text,
  areaNameChild: Text,
  autoRecord: z.boolean().default(false),
  recording: z.boolean().default(false),
  streaming: z.boolean().default(false),
  recordingStats: z.looseObject({ durationRatio: Number0, currentFileSize: Number0 }).nullish(),
  ioStats: z.looseObject({ networkMbps: Number0, streamHost: Text }).nullish(),
});
export type RoomDto = z.infer<typeof RoomDto>;
const Rooms = z.array(RoomDto);

/** Options are set as `{hasValue, value}`. */
const Option = z.looseObject({ hasValue: z.boolean(), value: z.unknown() });
export const RecorderConfig = z.looseObject({ optionalWebHookUrlsV2: Option.optional() });

/** It answered, and not with what was asked for. */
export class RecorderRefused extends Error {
  override readonly name = 'RecorderRefused';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** BililiveRecorder's REST interface, as far as we need it. Every request has a time limit. */
export class RecorderApi {
  readonly #base: string;
  readonly #authorization: string | undefined;
  readonly #signal: AbortSignal;

  constructor(options: {
    readonly url: string;
    readonly user: string;
    readonly pass: string;
    readonly signal: AbortSignal;
  }) {
    this.#base = options.url.replace(/\/$/, '');
    const { user, pass } = options;
    if (user !== '' || pass !== '') {
      this.#authorization = `Basic ${Buffer.from(`${user}:${pass}`).toString('base64')}`;
    }
    this.#signal = options.signal;
  }

  async version(): Promise<string> {
    const { fullSemVer, ...others } = z
      .looseObject({ fullSemVer: z.string().optional() })
      .parse(await this.#ask('GET', '/api/version'));
    return fullSemVer ?? JSON.stringify(others).slice(0, 100);
  }

  async rooms(): Promise<RoomDto[]> {
    return Rooms.parse(await this.#ask('GET', '/api/room'));
  }

  /** An existing room only changes whether it is recorded. */
  async add(roomId: number, autoRecord: boolean): Promise<void> {
    await this.#ask('POST', '/api/room', { roomId, autoRecord });
  }

  /** Unknown rooms are fine: that is what was wanted. */
  async remove(roomId: number): Promise<void> {
    await this.#ask('DELETE', `/api/room/${roomId}`).catch((error: unknown) => {
      if (!(error instanceof RecorderRefused && error.status === 404)) throw error;
    });
  }

  async act(roomId: number, what: 'start' | 'stop' | 'split'): Promise<void> {
    await this.#ask('POST', `/api/room/${roomId}/${what}`, {});
  }

  async config(): Promise<z.infer<typeof RecorderConfig>> {
    return RecorderConfig.parse(await this.#ask('GET', '/api/config/global'));
  }

  async configure(options: Record<string, { hasValue: boolean; value: unknown }>): Promise<void> {
    await this.#ask('POST', '/api/config/global', options);
  }

  async #ask(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      redirect: 'error',
      headers: {
        ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(requestMs)]),
    });
    const text = await limitedText(response);
    if (!response.ok) {
      throw new RecorderRefused(
        response.status,
        `BililiveRecorder answered ${response.status} to ${method} ${path}: ${text.slice(0, 200)}`,
      );
    }
    return text === '' ? null : JSON.parse(text);
  }
}

async function limitedText(response: Response): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of response.body ?? []) {
    size += piece.length;
    if (size > mostBytes) throw new Error('BililiveRecorder’s answer is too long.');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
