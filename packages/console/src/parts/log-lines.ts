/** The lines of a log that a page holds: whole ones, and the last one that is still being written. */
export interface LogLines {
  readonly lines: readonly string[];
  readonly rest: string;
  /** How many lines were let go at the top. */
  readonly dropped: number;
}

export const emptyLog: LogLines = { lines: [], rest: '', dropped: 0 };

/** Lines that one page keeps. More can't be read by scrolling; the whole log is a download away. */
export const maxLogLines = 20_000;

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colours begin with ESC
const escapes = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;

/**
 * Appends text as it comes. A carriage return starts its line anew, as on a terminal: progress bars become one
 * line, not ten thousand. Colour codes are left out.
 */
export function appendLog(log: LogLines, text: string, limit = maxLogLines): LogLines {
  const parts = (log.rest + text).split('\n');
  const rest = parts.pop() ?? '';
  const added = parts.map((line) => {
    const trimmed = line.endsWith('\r') ? line.slice(0, -1) : line;
    return trimmed.slice(trimmed.lastIndexOf('\r') + 1).replace(escapes, '');
  });
  const lines = [...log.lines, ...added];
  const over = Math.max(0, lines.length - limit);
  // A line without end must not grow for ever either.
  return {
    lines: over > 0 ? lines.slice(over) : lines,
    rest: rest.slice(-65_536),
    dropped: log.dropped + over,
  };
}
