import { createReadStream } from 'node:fs';
import { newFacts, type SegmentFacts } from '../recorder/media.ts';
import { TsMedia } from '../ts/ts-media.ts';

/** Reads a segment in a transport stream once more. Its times are the file's plus `baseMs`. */
export async function scanTs(path: string, baseMs: number): Promise<SegmentFacts> {
  let facts = newFacts();
  let headBytes = 0;
  let bytes = 0;
  let first = true;
  const reader = new TsMedia(
    {
      begin(start) {
        // A file of ours has one run; what looks like another is its own end.
        if (!first) return;
        first = false;
        facts = start.facts;
        headBytes = start.facts.headBytes;
      },
      write() {},
    },
    () => 'no',
  );
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    bytes += (chunk as Buffer).length;
    reader.push(chunk as Buffer, 0);
  }
  facts.baseMs = baseMs;
  facts.headBytes = headBytes;
  facts.bytes = bytes;
  facts.wholeBytes = bytes - (bytes % 188);
  if (facts.firstMs >= 0) {
    facts.firstMs += baseMs;
    facts.lastMs += baseMs;
  }
  return facts;
}
