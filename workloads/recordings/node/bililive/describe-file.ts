import { createReadStream } from 'node:fs';
import { FlvMedia } from '../flv/flv-media.ts';
import type { DecoderSetup, SegmentFacts } from '../recorder/media.ts';
import { scanFlv } from '../segments/scan-flv.ts';

/** A decoder's set-up stands at the head of a file; no further is read for it. Bytes. */
const headBytes = 4 * 1024 * 1024;

export interface FileFacts {
  readonly facts: SegmentFacts;
  readonly setup: DecoderSetup;
}

/** Counts every frame of a file, and finds what its decoder must know. A file without a frame has `firstMs` -1. */
export async function describeFile(path: string): Promise<FileFacts> {
  const facts = await scanFlv(path, 0);
  let setup: DecoderSetup | undefined;
  const media = new FlvMedia(
    {
      begin(start) {
        if (setup) return;
        setup = start.setup;
        facts.codecs = start.facts.codecs;
        facts.width = start.facts.width;
        facts.height = start.facts.height;
      },
      write() {},
    },
    () => 'no',
  );
  for await (const chunk of createReadStream(path, { end: headBytes - 1 })) {
    media.push(chunk as Buffer, 0);
    if (setup) break;
  }
  return { facts, setup: setup ?? {} };
}

/** As it is written down. */
interface StoredSetup {
  readonly video?: string | undefined;
  readonly audio?: string | undefined;
}

/** Whether the same film can go on: what is coded otherwise is a film of its own. Pure. */
export function samePart(before: StoredSetup | null, next: DecoderSetup): boolean {
  return before === null || (before.video === next.video && before.audio === next.audio);
}
