import { type FileTag, readFlvFile, tagIdentity } from './flv-file.ts';
import type { JoinRun, JoinSegment } from './plan-join.ts';

/** Files are opened so much earlier than their first frame is due, in milliseconds of source time. */
const AHEAD_MS = 2_000;
/** Copies of one frame lie no further apart than this in the order of reading. Milliseconds of source time. */
const WINDOW_MS = 10_000;
/** Frames of a spare that are looked for among the recorder's own before it is believed. */
const PROOF = 20;

interface Source {
  readonly tags: Generator<FileTag>;
  readonly spare: boolean;
  head: FileTag;
}

export interface UnionCounts {
  /** Frames that more than one file had. */
  repeated: number;
  /** Frames that only a spare had. */
  fromSpares: number;
  /** Frames whose time was behind one that was written already. */
  disordered: number;
}

/**
 * The union of all files of a run: every frame once, by kind, time and content, in the order of time. Streams: at any
 * moment a few files are open, and only the frames of the last seconds are remembered.
 */
export function* unionFlv(run: JoinRun, counts: UnionCounts): Generator<FileTag> {
  const waiting = [
    ...run.segments.map((segment) => ({ segment, spare: false })),
    ...run.spares.map((segment) => ({ segment, spare: true })),
  ].sort((a, b) => a.segment.firstMs - b.segment.firstMs);
  const seen = new Map<string, number>();
  const newest = new Map<number, number>();
  let open: Source[] = [];
  let pruneAt = 0;
  try {
    for (;;) {
      let next = leastOf(open);
      while (waiting[0] && (!next || waiting[0].segment.firstMs <= next.head.ms + AHEAD_MS)) {
        const entry = waiting.shift();
        const source = entry && openSource(entry.segment, entry.spare);
        if (source) open.push(source);
        next = leastOf(open);
      }
      if (!next) return;
      const tag = next.head;
      const more = next.tags.next();
      if (more.done) open = open.filter((source) => source !== next);
      else next.head = more.value;
      if (tag.role === 'config') {
        yield tag;
        continue;
      }
      if (tag.role !== 'key' && tag.role !== 'frame') continue;
      if (next.spare && (tag.ms < run.fromMs || tag.ms >= run.toMs)) continue;
      const identity = tagIdentity(tag);
      if (seen.has(identity)) {
        counts.repeated += 1;
        continue;
      }
      seen.set(identity, tag.ms);
      if (tag.ms < (newest.get(tag.type) ?? Number.NEGATIVE_INFINITY)) {
        counts.disordered += 1;
        continue;
      }
      newest.set(tag.type, tag.ms);
      if (next.spare) counts.fromSpares += 1;
      if (tag.ms >= pruneAt) {
        for (const [key, ms] of seen) if (ms < tag.ms - WINDOW_MS) seen.delete(key);
        pruneAt = tag.ms + WINDOW_MS / 2;
      }
      yield tag;
    }
  } finally {
    for (const { tags } of open) tags.return(undefined);
  }
}

function openSource(segment: JoinSegment, spare: boolean): Source | undefined {
  const tags = readFlvFile(segment);
  const first = tags.next();
  return first.done ? undefined : { tags, spare, head: first.value };
}

function leastOf(sources: readonly Source[]): Source | undefined {
  let least: Source | undefined;
  for (const source of sources) {
    // The set-up of a file comes with its first frame, whatever time stands in it.
    if (source.head.role === 'config' || source.head.role === 'data') return source;
    if (!least || source.head.ms < least.head.ms) least = source;
  }
  return least;
}

/** Whether a file has the same clock: some of its frames are among the recorder's own, byte for byte and at the same time. */
export function isProven(spare: JoinSegment, own: readonly JoinSegment[]): boolean {
  const beside = own.find(
    ({ firstMs, lastMs }) => Math.min(lastMs, spare.lastMs) - Math.max(firstMs, spare.firstMs) > 0,
  );
  if (!beside) return false;
  const from = Math.max(beside.firstMs, spare.firstMs);
  const wanted = new Set<string>();
  for (const tag of readFlvFile(spare)) {
    if (tag.role !== 'key' && tag.role !== 'frame') continue;
    if (tag.ms >= from) wanted.add(tagIdentity(tag));
    if (wanted.size >= PROOF) break;
  }
  for (const tag of readFlvFile(beside)) if (wanted.has(tagIdentity(tag))) return true;
  return false;
}
