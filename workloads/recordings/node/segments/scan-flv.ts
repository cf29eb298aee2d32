import { createReadStream } from 'node:fs';
import { flvTagTypes } from '../flv/tag-head.ts';
import { FlvTagReader } from '../flv/tag-reader.ts';
import { newFacts, type SegmentFacts } from '../recorder/media.ts';

/** Reads a segment of ours once more: what is whole of it, and what is in there. Its times are the file's plus `baseMs`. */
export async function scanFlv(path: string, baseMs: number): Promise<SegmentFacts> {
  const facts = newFacts();
  facts.baseMs = baseMs;
  let seenMedia = false;
  const reader: FlvTagReader = new FlvTagReader({
    tag(head) {
      if (head.role !== 'key' && head.role !== 'frame') return;
      const ms = head.timestamp + baseMs;
      if (head.type === flvTagTypes.video) {
        if (head.role === 'key') facts.keyframes += 1;
        if (!seenMedia) facts.startsWithKeyframe = head.role === 'key';
        facts.videoFrames += 1;
        pending.interval = previousVideo >= 0 ? Math.max(0, ms - previousVideo) : 0;
        previousVideo = ms;
      } else facts.audioFrames += 1;
      seenMedia = true;
      pending.ms = ms;
      pending.video = head.type === flvTagTypes.video;
      pending.key = head.role === 'key';
    },
    bytes() {},
    tagEnd() {
      if (pending.ms < 0) return;
      if (facts.firstMs < 0 || pending.ms < facts.firstMs) facts.firstMs = pending.ms;
      if (pending.ms > facts.lastMs) facts.lastMs = pending.ms;
      if (pending.interval > 0) facts.intervalMs = pending.interval;
      pending = { ...none };
    },
    skipped() {},
  });
  const none = { ms: -1, video: false, key: false, interval: 0 };
  let pending = { ...none };
  let previousVideo = -1;
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    facts.bytes += (chunk as Buffer).length;
    reader.push(chunk as Buffer);
  }
  // A frame whose end is missing was counted when it began.
  if (pending.ms >= 0) {
    if (pending.video) facts.videoFrames -= 1;
    else facts.audioFrames -= 1;
    if (pending.key) facts.keyframes -= 1;
  }
  facts.wholeBytes = reader.wholeBytes;
  return facts;
}
