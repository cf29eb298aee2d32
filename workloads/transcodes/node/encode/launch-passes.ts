import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Launch, programCode, programFile } from '@backlot/node/workload';
import type { Passes } from './arguments.ts';

/** One pass is ffmpeg itself; several are run one after the other by a small program of ours. */
export async function launchPasses(passes: Passes, workDir: string, gpu: boolean): Promise<Launch> {
  const [first, ...more] = passes;
  const sandbox = { network: 'none' as const, gpu };
  if (first && more.length === 0) return { argv: first, sandbox };
  const list = join(workDir, 'passes.json');
  await writeFile(list, JSON.stringify(passes));
  const program = programFile(import.meta.url, './passes-main');
  return {
    argv: [process.execPath, '--no-warnings', program, list],
    sandbox: { ...sandbox, readOnly: programCode(program) },
  };
}
