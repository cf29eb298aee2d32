import { stat } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import { boxesOfFile } from '../fmp4/file-boxes.ts';
import { Fmp4Media } from '../fmp4/fmp4-media.ts';
import { newFacts, type SegmentFacts } from '../recorder/media.ts';

/** What a recorder writes into a segment. */
const OURS = new Set(['ftyp', 'moov', 'moof', 'mdat']);

/** Reads a segment of fragmented MP4 once more: its whole fragments, and what they hold. */
export async function scanFmp4(path: string): Promise<SegmentFacts> {
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
  let whole = 0;
  for (const box of boxesOfFile(path)) {
    if (!OURS.has(box.type)) continue;
    reader.push(box.read(), 0);
    if (box.type === 'mdat') whole = box.end;
    // Others are recorded beside.
    await setImmediate();
  }
  facts.bytes = (await stat(path)).size;
  facts.wholeBytes = whole;
  return facts;
}
