import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** One box of a file, whose bytes are read when somebody wants them. */
export interface FileBox {
  readonly type: string;
  /** Behind its last byte, from the beginning of the file. */
  readonly end: number;
  read(): Buffer;
}

const HEAD = 16;

/**
 * The boxes of a file, one after the other, so that no more than one of them is in memory: a source without keyframes makes one
 * segment of a whole broadcast, and Node reads no file above 2 GiB as one. Stops at the first that is not whole. `read` is good
 * until the next box.
 */
export function* boxesOfFile(path: string): Generator<FileBox> {
  const fd = openSync(path, 'r');
  try {
    const { size: length } = fstatSync(fd);
    const head = Buffer.alloc(HEAD);
    for (let at = 0; at + 8 <= length; ) {
      const known = readSync(fd, head, 0, HEAD, at);
      if (known < 8) return;
      let size = head.readUInt32BE(0);
      if (size === 1) {
        if (known < HEAD) return;
        size = Number(head.readBigUInt64BE(8));
        if (size < HEAD) return;
      } else if (size === 0) size = length - at;
      if (size < 8 || at + size > length) return;
      const start = at;
      at += size;
      yield {
        type: head.toString('latin1', 4, 8),
        end: at,
        read: () => readExactly(fd, start, size),
      };
    }
  } finally {
    closeSync(fd);
  }
}

function readExactly(fd: number, start: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let done = 0; done < size; ) {
    const read = readSync(fd, bytes, done, size - done, start + done);
    if (read === 0) throw new Error('A segment became shorter while it was read.');
    done += read;
  }
  return bytes;
}
