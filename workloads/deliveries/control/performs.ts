import { BacklotError, kernelErrors } from '@backlot/contract';
import type { PerformStep, Tx } from '@backlot/control/workload';
import {
  deliveryErrors,
  keepsFiles,
  NOTIFY_STEP,
  type NotifyStep,
  WEBHOOK_STEP,
  type WebhookStep,
} from '../contract.ts';
import { stepNotice } from './notices/step-notice.ts';
import { enqueue } from './outbox/enqueue.ts';
import { offWords } from './outbox/switched.ts';
import type { TargetRow } from './tables.ts';
import { findTarget } from './targets/find-target.ts';

/**
 * Steps that need no node: they end when their message is in the outbox, in the same transaction. A node that runs a flow
 * alone leaves them open; they are done when its run has come in.
 *
 * A target that is switched off fails no step, as with uploads: its message waits and says why. The step does not wait for
 * it, since the outbox remembers it, and gives it up in the end.
 */
export const performs: Readonly<Record<string, PerformStep>> = {
  async [NOTIFY_STEP](tx, input, { kernel, projectId, runId, stepKey }) {
    const parameters = input.parameters as NotifyStep;
    const target = await messageTarget(tx, projectId, parameters.target);
    const { group, template } = parameters;
    const { flowId } = input.run;
    const usual = template === 'failed' ? `failed:${flowId}` : `run:${runId}:${stepKey}`;
    await enqueue(tx, {
      targetId: target.id,
      fault: target.enabled ? undefined : offWords(target.name),
      projectId,
      occasion: `run:${runId}:${stepKey}`,
      group: group === '' ? usual : `own:${group}`,
      notice: stepNotice(input, `${kernel.publicUrl()}/flows/runs/${runId}`),
    });
    return { ports: {} };
  },
  async [WEBHOOK_STEP](tx, input, { projectId, runId, stepKey }) {
    const { target: ref, type, data } = input.parameters as WebhookStep;
    const target = await messageTarget(tx, projectId, ref);
    const given = input.inputs.data?.type === 'data' ? { input: input.inputs.data.data } : {};
    await enqueue(tx, {
      targetId: target.id,
      fault: target.enabled ? undefined : offWords(target.name),
      projectId,
      occasion: `run:${runId}:${stepKey}`,
      group: null,
      notice: { title: `${input.run.name}: ${type}`.slice(0, 500), text: '', level: 'info' },
      payload: { type, data: { ...data, ...given, run: { id: runId, flow: input.run.name } } },
    });
    return { ports: {} };
  },
};

/** @throws not_found, delivery_target_takes_no_messages */
async function messageTarget(tx: Tx, projectId: string, ref: string): Promise<TargetRow> {
  const target = await findTarget(tx, projectId, ref);
  if (!target)
    throw new BacklotError(kernelErrors.not_found, { params: { what: 'delivery target', id: ref } });
  if (keepsFiles(target.kind)) {
    throw new BacklotError(deliveryErrors.delivery_target_takes_no_messages, {
      params: { name: target.name },
    });
  }
  return target;
}
