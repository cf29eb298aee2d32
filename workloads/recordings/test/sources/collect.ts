import type { OpenContext, SourceConnection, SourceEnd, SourceMark } from '../../node/source-port.ts';

/** What came through a connection, until a condition, its end, or the time limit. */
export interface Collected {
  readonly bytes: Buffer;
  readonly marks: readonly SourceMark[];
  readonly end: SourceEnd | undefined;
}

export async function collect(
  connection: SourceConnection,
  enough: (bytes: Buffer) => boolean,
  limitMs = 90_000,
): Promise<Collected> {
  const parts: Buffer[] = [];
  const marks: SourceMark[] = [];
  return await new Promise((resolve) => {
    const finish = (end: SourceEnd | undefined) => {
      clearTimeout(timer);
      connection.close();
      resolve({ bytes: Buffer.concat(parts), marks, end });
    };
    const timer = setTimeout(() => finish(undefined), limitMs);
    connection.start({
      data(chunk) {
        parts.push(Buffer.from(chunk));
        if (enough(Buffer.concat(parts))) finish(undefined);
      },
      mark: (mark) => void marks.push(mark),
      end: finish,
    });
  });
}

/** An `OpenContext` of a test: real clock, no delegation. */
export function openContext(
  scratchDir: string,
  more: Partial<OpenContext> & Pick<OpenContext, 'clock'>,
): OpenContext {
  return {
    signal: AbortSignal.timeout(40_000),
    log: () => {},
    scratchDir,
    env: process.env,
    attempt: 0,
    qualities: [],
    onMeta: () => {},
    delegate: () => Promise.reject(new Error('Nothing is delegated here.')),
    ...more,
  };
}
