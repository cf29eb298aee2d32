import type { Findings } from '@backlot/contract';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import { transferErrors } from '@backlot/contract/errors/transfer';
import type { FindingsBox } from '../holdings/findings-post.ts';
import type { Holdings } from '../holdings/holdings.ts';
import { factProblem, toOutput } from '../holdings/letters.ts';

/**
 * Takes what local allocations find: the files into the holdings, the words into the journal of the run, and no letter to
 * the control plane: it hears of them with the step. Repeated after a crash it says the same again.
 *
 * @param found resolves when it is written down
 */
export function localBox(
  holdings: Pick<Holdings, 'take' | 'ofTask'>,
  found: (findings: Findings) => Promise<void>,
): FindingsBox {
  return {
    async report({ allocation, fence, task, workDir }, { outputs = [], events = [] }, signal) {
      const problem = factProblem(events);
      if (problem !== undefined) {
        throw new BacklotError(transferErrors.report_refused, { params: { reason: problem } });
      }
      await holdings.take({ allocation, task }, workDir, outputs, () => [], signal);
      const held = new Map(holdings.ofTask(task).map((file) => [file.name, file]));
      const kept = outputs.flatMap(({ name }) => {
        const file = held.get(name);
        return file ? [toOutput(file)] : [];
      });
      await found({ allocation, fence, outputs: kept, facts: [...events] });
    },
    pending: () => false,
  };
}
