import { join } from 'node:path';
import type { TaskContext, TaskExecutor } from '@backlot/node/workload';
import type { z } from 'zod';
import { FILE_INPUT, UploadParameters } from '../../contract.ts';
import { concludeWork } from '../work/conclude-work.ts';
import { followWork } from '../work/follow-work.ts';
import { dressed } from '../work/parameters.ts';
import type { WorkRequest } from '../work/request.ts';
import { startWork } from '../work/start-work.ts';

const Parameters = UploadParameters.extend(dressed);
type Parameters = z.infer<typeof Parameters>;

const withdrawMs = 25_000;

/** `deliveries.upload`: a file goes to a target, whatever happens meanwhile. */
export const uploadExecutor: TaskExecutor<Parameters> = {
  parameters: Parameters,
  prepare(context) {
    const { path, onOther } = context.parameters;
    return startWork(context, { do: 'upload', path, onOther, source: sourceOf(context) });
  },
  watch: followWork,
  conclude: (context) =>
    concludeWork(context, (result) => (result.outcome === 'uploaded' ? result.result : undefined)),
  /** Frees what the store keeps of it: parts, a file that was growing. */
  async withdraw(context) {
    const { path } = context.parameters;
    const { argv, sandbox } = await startWork(context, { do: 'abandon', path, source: sourceOf(context) });
    await context.run(argv, {
      timeoutMs: withdrawMs,
      cwd: context.workDir,
      signal: context.signal,
      ...(sandbox ? { sandbox: { ...sandbox, workDir: context.workDir } } : {}),
    });
  },
};

function sourceOf({
  parameters,
  inputsDir,
}: TaskContext<Parameters>): Extract<WorkRequest['work'], { do: 'upload' }>['source'] {
  const { digest, size, mediaType } = parameters.file;
  return { path: join(inputsDir, FILE_INPUT), size, sha256: digest, mediaType };
}
