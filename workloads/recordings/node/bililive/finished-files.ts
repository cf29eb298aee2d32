import type { FoundFile } from './scan-folder.ts';

/** A file must have stood still for so long to be finished, where no webhook has said so. Milliseconds. */
export const stillMs = 10_000;

/** What was seen of a file in earlier looks. */
export interface Watched {
  readonly size: number;
  /** When this size was seen first. */
  readonly since: number;
}

export interface RoomLook {
  readonly now: number;
  /** Of this room, those not taken in yet. */
  readonly files: readonly FoundFile[];
  /** By path. */
  readonly watched: ReadonlyMap<string, Watched>;
  /** Sizes that a FileClosed has told, by path. */
  readonly closed: ReadonlyMap<string, number>;
  /** The recorder says that it records this room now; undefined when it could not be asked. */
  readonly recording: boolean | undefined;
  /** How long a file must have stood still; `stillMs` unless told. */
  readonly still?: number;
}

/**
 * Which files are finished: a FileClosed has told their size, or they have stopped growing and no room has them open. Of a room
 * that is being recorded the newest file may be open however still it stands (the source may have paused); of one that could
 * not be asked about, too. Oldest first. Pure.
 */
export function finishedFiles({
  now,
  files,
  watched,
  closed,
  recording,
  still = stillMs,
}: RoomLook): FoundFile[] {
  const byAge = files.toSorted((a, b) => a.changedAt - b.changedAt || a.path.localeCompare(b.path));
  const newest = byAge.at(-1);
  return byAge.filter((file) => {
    if (closed.get(file.path) === file.size) return true;
    if (recording !== false && file === newest) return false;
    const before = watched.get(file.path);
    return before !== undefined && before.size === file.size && now - before.since >= still;
  });
}

/** What is remembered for the next look. Pure. */
export function watchFiles(
  now: number,
  files: readonly FoundFile[],
  watched: ReadonlyMap<string, Watched>,
): Map<string, Watched> {
  return new Map(
    files.map(({ path, size }) => {
      const before = watched.get(path);
      return [path, before?.size === size ? before : { size, since: now }];
    }),
  );
}
