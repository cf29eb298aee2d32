import { reason } from '@backlot/contract';
import type { Actor, Kernel } from '@backlot/control/workload';
import { systemActor } from '@backlot/control/workload';
import {
  deliveryPhrases,
  keepsFiles,
  MessageTargetKind,
  type Notice,
  type TargetTest,
  TEST_JOB,
} from '../../contract.ts';
import { addressPolicy } from '../senders/address-policy.ts';
import { send } from '../senders/send.ts';
import { type TargetRow, tables } from '../tables.ts';
import { markTarget } from './mark-target.ts';
import type { Targets } from './targets.ts';

const pollMs = 250;
/** A person waits; a node that is busy for longer is told of as such. */
const patienceMs = 60_000;
const messageMs = 20_000;

/**
 * Tries a target for real: a small file there and back by a node, or a message. What comes of it is the target's health
 * from then on. A test that works ends an alarm; one that does not makes none, since somebody is looking.
 */
export async function testTarget(
  kernel: Kernel,
  targets: Targets,
  id: string,
  actor: Actor,
  signal: AbortSignal,
): Promise<TargetTest> {
  const row = await tables(kernel.db)
    .selectFrom('delivery_target')
    .selectAll()
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const started = kernel.clock.monotonic();
  const found = keepsFiles(row.kind)
    ? await testFiles(kernel, row, signal)
    : await testMessages(kernel, targets, row, actor, signal);
  if (found.fault === null) {
    await kernel.transaction((tx) => markTarget(kernel, tx, id, 'up', null));
    kernel.events.wake();
  }
  return { ok: found.fault === null, ...found, durationMs: Math.round(kernel.clock.monotonic() - started) };
}

async function testFiles(kernel: Kernel, row: TargetRow, signal: AbortSignal) {
  const job = await kernel.jobs.submit({
    kind: TEST_JOB,
    projectId: row.project_id,
    name: `Test: ${row.name}`,
    parameters: { target: row.id },
    actor: systemActor,
  });
  kernel.placement.wake('task-ready');
  const until = kernel.clock.monotonic() + patienceMs;
  for (;;) {
    const now = await kernel.jobs.get(job.id);
    if (now.state === 'succeeded') return { fault: null, jobId: job.id };
    if (now.endedAt !== null) {
      const fault =
        now.failure?.reason ?? reason(deliveryPhrases, 'deliveries.broken_off', { target: row.name });
      return { fault, jobId: job.id };
    }
    if (kernel.clock.monotonic() > until) {
      const detail = now.wait?.message ?? '';
      return { fault: reason(deliveryPhrases, 'deliveries.test_waits', { detail }), jobId: job.id };
    }
    await kernel.clock.sleep(pollMs, signal);
  }
}

async function testMessages(
  kernel: Kernel,
  targets: Targets,
  row: TargetRow,
  actor: Actor,
  signal: AbortSignal,
) {
  const zh = actor.language === 'zh-CN';
  const notice: Notice = {
    title: zh ? 'Backlot 测试消息' : 'A test message of Backlot',
    text: zh ? `投递目标 ${row.name} 可以使用。` : `The target ${row.name} works.`,
    level: 'info',
    url: kernel.publicUrl(),
  };
  const secrets = await targets.secretsOf(row);
  if (!secrets) {
    return { fault: reason(deliveryPhrases, 'deliveries.secrets_lost', { target: row.name }), jobId: null };
  }
  const outgoing = {
    id: crypto.randomUUID(),
    notice,
    payload: null,
    createdAt: new Date(kernel.clock.now()),
    settings: row.settings,
    secrets,
  };
  const limit = AbortSignal.timeout(messageMs);
  const sent = await send(MessageTargetKind.parse(row.kind), outgoing, {
    policy: await addressPolicy(kernel.db),
    signal: AbortSignal.any([limit, signal]),
    nowS: Math.floor(kernel.clock.now() / 1_000),
  }).catch((error: unknown) => {
    if (signal.aborted) throw error;
    return { ok: false as const, fault: `no answer within ${messageMs / 1_000} s` };
  });
  const params = { target: row.name, detail: sent.ok ? '' : sent.fault };
  return {
    fault: sent.ok ? null : reason(deliveryPhrases, 'deliveries.message_refused', params),
    jobId: null,
  };
}
