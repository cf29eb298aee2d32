import { hash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { type FlvRole, flvTagTypes } from '../flv/tag-head.ts';
import { FlvTagReader } from '../flv/tag-reader.ts';
import type { JoinSegment } from './plan-join.ts';

/** A whole tag of a segment, on the source's clock. */
export interface FileTag {
  readonly type: number;
  readonly role: FlvRole;
  /** Source time in milliseconds. */
  readonly ms: number;
  readonly body: Buffer;
  readonly codec: string;
  readonly enhanced: boolean;
}

/** What two recorders of one source agree in: kind, time and every byte. */
export function tagIdentity({ type, ms, body }: FileTag): string {
  return `${type}:${ms}:${hash('sha1', body, 'base64')}`;
}

/** The tags of a segment in their order, a megabyte at a time. A torn end is left out. */
export function* readFlvFile(segment: JoinSegment): Generator<FileTag> {
  const fd = openSync(segment.path, 'r');
  let done: FileTag[] = [];
  let head: Omit<FileTag, 'body'> | undefined;
  let parts: Buffer[] = [];
  const reader: FlvTagReader = new FlvTagReader({
    tag(tag) {
      const media = tag.type === flvTagTypes.audio || tag.type === flvTagTypes.video;
      head = {
        type: tag.type,
        role: tag.role,
        ms: tag.timestamp + segment.baseMs,
        codec: media ? tag.codec() : '',
        enhanced: media && tag.enhanced,
      };
      parts = [];
    },
    bytes(buffer, start, end) {
      parts.push(buffer.subarray(start, end));
    },
    tagEnd() {
      const whole = parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts);
      if (head) done.push({ ...head, body: whole.subarray(11, whole.length - 4) });
    },
    skipped() {},
  });
  try {
    for (;;) {
      // A new buffer each time: tags that are still waited for lie in the one before.
      const chunk = Buffer.allocUnsafe(1024 * 1024);
      const length = readSync(fd, chunk, 0, chunk.length, null);
      if (length === 0) return;
      reader.push(chunk.subarray(0, length));
      const tags = done;
      done = [];
      yield* tags;
    }
  } finally {
    closeSync(fd);
  }
}
