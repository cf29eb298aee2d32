import { flvFileHeader, flvTag, metaDataBody } from '../flv/flv-bytes.ts';
import { flvTagTypes } from '../flv/tag-head.ts';
import { filmFrame, filmHead } from '../fmp4/write-film.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { FileTag } from './flv-file.ts';
import { codedData } from './foreign-codecs.ts';

/** Where the frames of a part go: a stream that the remuxer understands. */
export interface FilmSink {
  /** The set-ups that are known when the first frame comes, picture first. */
  begin(configs: readonly FileTag[], size: { width: number; height: number }): Promise<void>;
  /** A set-up that came later. */
  config(tag: FileTag, ms: number): Promise<void>;
  frame(tag: FileTag, ms: number): Promise<void>;
}

export function flvSink(writer: BatchWriter): FilmSink {
  return {
    async begin(configs) {
      await writer.put(flvFileHeader);
      await writer.put(flvTag(flvTagTypes.script, 0, metaDataBody({})));
      for (const { type, body } of configs) await writer.put(flvTag(type, 0, body));
    },
    config: ({ type, body }, ms) => writer.put(flvTag(type, ms, body)),
    frame: ({ type, body }, ms) => writer.put(flvTag(type, ms, body)),
  };
}

const trackOf = (type: number): number => (type === flvTagTypes.video ? 1 : 2);

/** For codecs that the remuxer does not know in FLV. A set-up that comes later is left out: there is no place for it. */
export function fragmentSink(writer: BatchWriter): FilmSink {
  let sequence = 0;
  return {
    async begin(configs, { width, height }) {
      const tracks = configs.map(({ type, codec, enhanced, body }) => {
        const kind = type === flvTagTypes.audio ? ('audio' as const) : ('video' as const);
        const at = kind === 'audio' && !enhanced ? 2 : 5;
        return { id: trackOf(type), kind, codec, config: body.subarray(at), width, height };
      });
      await writer.put(filmHead(tracks));
    },
    config: async () => {},
    async frame(tag, ms) {
      const { at, laterMs } = codedData(tag);
      const key = tag.role === 'key' || tag.type === flvTagTypes.audio;
      sequence += 1;
      await writer.put(filmFrame(trackOf(tag.type), ms, laterMs, key, tag.body.subarray(at), sequence));
    },
  };
}
