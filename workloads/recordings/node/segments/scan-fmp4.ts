import { readFile } from 'node:fs/promises';
import { boxesIn } from '../fmp4/boxes.ts';
import { Fmp4Media } from '../fmp4/fmp4-media.ts';
import { newFacts, type SegmentFacts } from '../recorder/media.ts';

/** Reads a segment of fragmented MP4 once more: its whole fragments, and what they hold. */
export async function scanFmp4(path: string): Promise<SegmentFacts> {
  const bytes = await readFile(path);
  let facts = newFacts();
  let first = true;
  const reader = new Fmp4Media(
    {
      begin(start) {
        if (first) facts = start.facts;
        first = false;
      },
      write() {},
    },
    () => 'no',
  );
  reader.push(bytes, 0);
  let whole = 0;
  for (const box of boxesIn(bytes, 0, bytes.length)) if (box.type === 'mdat') whole = box.end;
  facts.bytes = bytes.length;
  facts.wholeBytes = whole;
  return facts;
}
