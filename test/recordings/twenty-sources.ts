import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FlvOrigin } from '../../workloads/recordings/test/sources/flv-origin.ts';
import { HlsOrigin } from '../../workloads/recordings/test/sources/hls-origin.ts';
import { program, type TestProgram } from '../../workloads/recordings/test/sources/listeners.ts';
import { makeSample, type Sample } from '../../workloads/recordings/test/sources/sample.ts';

/**
 * steady    HTTP-FLV without a fault       dropping  HTTP-FLV that is cut off and comes back
 * ending    HTTP-FLV that ends, and is live again later
 * sliding   HLS                            pushed    RTMP, published by ffmpeg
 */
type FlvManner = 'steady' | 'dropping' | 'ending';
export type SourceManner = FlvManner | 'sliding' | 'pushed';

/** A source of one channel, in the words of the API. */
export interface TwentiethSource {
  readonly name: string;
  readonly manner: SourceManner;
  readonly source: Readonly<Record<string, string>>;
}

const counts: Readonly<Record<SourceManner, number>> = {
  steady: 9,
  dropping: 4,
  ending: 3,
  sliding: 3,
  pushed: 1,
};
/** Of HTTP-FLV and RTMP, one picture. */
export const frameMs = 40;

/** Twenty live sources on loopback, of which every picture has a number, and what each has sent to whom. */
export class TwentySources {
  readonly sources: readonly TwentiethSource[];
  readonly #flv: Readonly<Record<FlvManner, FlvOrigin>>;
  readonly #hls: HlsOrigin;
  readonly #film: Sample;
  #publisher: TestProgram | undefined;

  private constructor(flv: readonly FlvOrigin[], hls: HlsOrigin, film: Sample) {
    const [steady, dropping, ending] = flv;
    if (!steady || !dropping || !ending) throw new Error('There are three of them.');
    this.#flv = { steady, dropping, ending };
    this.#hls = hls;
    this.#film = film;
    this.sources = (Object.keys(counts) as SourceManner[]).flatMap((manner) =>
      Array.from({ length: counts[manner] }, (_, n) => {
        const name = `${manner}-${n + 1}`;
        return { name, manner, source: this.#sourceOf(manner, name) };
      }),
    );
  }

  /** @param longestS so many seconds can be told apart: HLS and RTMP do not repeat themselves in them */
  static async open(folder: string, longestS: number): Promise<TwentySources> {
    const [short, long] = [join(folder, 'short'), join(folder, 'long')];
    for (const one of [short, long]) await mkdir(one, { recursive: true });
    const sample = makeSample(short, { seconds: 8, gopSeconds: 1 });
    const film = makeSample(long, { seconds: longestS, gopSeconds: 1 });
    // A list so long that a machine which tests much beside this does not miss a piece of it.
    const hls = await HlsOrigin.open({ sample: film, folder: join(long, 'hls'), window: 30 });
    return new TwentySources(await Promise.all([0, 1, 2].map(() => FlvOrigin.open({ sample }))), hls, film);
  }

  get dropping(): FlvOrigin {
    return this.#flv.dropping;
  }
  get ending(): FlvOrigin {
    return this.#flv.ending;
  }

  /** Whether everybody who should is connected to an origin. */
  watched(manner: FlvManner): boolean {
    return this.#flv[manner].watching === counts[manner];
  }

  /** ffmpeg begins to publish, as a camera would. */
  publish(to: string): void {
    this.#publisher = program(to, [
      ...['ffmpeg', '-nostdin', '-v', 'error', '-nostats', '-progress', 'pipe:2'],
      ...['-re', '-i', this.#film.path, '-c', 'copy', '-f', 'flv', to],
    ]);
  }
  get publishing(): boolean {
    return this.#publisher?.process.exitCode === null;
  }

  /** All of them end, each in the way of its kind, with everything delivered that they had begun to send. */
  async endAll(): Promise<void> {
    this.#hls.end();
    for (const origin of Object.values(this.#flv)) origin.goOffline();
    this.#publisher?.process.kill('SIGINT');
    await this.#publisher?.ended;
  }

  /**
   * The numbers of the pictures that a source gave to its recorder, by connection. HLS is asked for pieces instead: what it gave are all of them from the first that was recorded.
   */
  given({ manner, name }: TwentiethSource, firstRecorded: number): readonly (readonly number[])[] {
    if (manner === 'sliding') {
      const perPiece = (this.#film.gopMs / 1_000) * this.#film.fps;
      return [range(firstRecorded, (this.#hls.newest + 1) * perPiece)];
    }
    if (manner === 'pushed') {
      const frames = [...(this.#publisher?.said() ?? '').matchAll(/^frame=\s*(\d+)/gm)].at(-1)?.[1];
      return [range(0, Number(frames ?? Number.NaN))];
    }
    return this.#flv[manner].viewers
      .filter(({ path }) => path === `/live/${name}.flv`)
      .map(({ sent }) => sent.flatMap(({ packet }) => packet.serial ?? []))
      .filter((numbers) => numbers.length > 0);
  }

  async close(): Promise<void> {
    await this.#publisher?.close();
    await Promise.all([...Object.values(this.#flv), this.#hls].map((origin) => origin.close()));
  }

  #sourceOf(manner: SourceManner, name: string): Record<string, string> {
    if (manner === 'pushed') return { kind: 'push' };
    if (manner === 'sliding') return { kind: 'hls', url: this.#hls.url };
    return { kind: 'http-flv', url: new URL(`/live/${name}.flv`, this.#flv[manner].url).href };
  }
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => from + n);
