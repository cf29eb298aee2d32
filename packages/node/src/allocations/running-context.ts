import { logEnd, readLog } from '../logs/log-reader.ts';
import type { RunningContext, TaskContext } from '../workload.ts';
import type { Execution } from './execution.ts';

/** The most that is read of a log at once. */
const partBytes = 64 * 1024;

/** What a workload may do with a process of its own that runs. */
export function runningContext(
  context: TaskContext<unknown>,
  execution: Pick<Execution, 'measure' | 'input'>,
  logs: string,
): RunningContext<unknown> {
  return {
    ...context,
    measure: () => execution.measure(),
    input: (text) => execution.input(text),
    logEnd: (stream) => logEnd(logs, stream),
    async readLog(stream, from) {
      const { bytes, end } = await readLog(logs, stream, from, partBytes);
      return { text: bytes.toString('utf8'), next: end };
    },
  };
}
