import type { Job } from '@backlot/contract/api/jobs';
import type { ApiClient } from '@backlot/sdk';
import type { CommandContext } from '../command.ts';
import { formatDuration } from '../output/amounts.ts';
import type { ReasonText } from '../reasons.ts';

/** The sweep behind the live stream: a missed event must not keep anybody waiting. */
const sweepMs = 5000;
/** Events come in bursts; a person sees no more than this. */
const leastMs = 250;

const endStates: ReadonlySet<Job['state']> = new Set(['succeeded', 'failed', 'canceled']);

/**
 * Follows a job until it ends, showing how far it has come and what it waits for. Events of the job make it look
 * again at once; a look every five seconds repairs whatever got lost.
 * @throws Interrupt when the person has seen enough; the job goes on.
 */
export async function watchJob(context: CommandContext, client: ApiClient, id: string): Promise<Job> {
  const { out, signal } = context;
  const sentence = await context.reasons();
  const watching = new AbortController();
  const ended = AbortSignal.any([signal, watching.signal]);
  const bell = new Bell();
  const listening = listen(client, id, bell, ended);
  let job = await client.jobs.get(id, signal);
  const progress = out.progress({ title: job.name, total: 100 });
  try {
    for (;;) {
      progress.update({ done: job.progress.fraction * 100, note: noteOf(job, sentence) });
      if (endStates.has(job.state)) break;
      await client.transport.clock.sleep(leastMs, signal);
      await Promise.race([bell.rung(), client.transport.clock.sleep(sweepMs, ended).catch(() => undefined)]);
      signal.throwIfAborted();
      job = await client.jobs.get(id, signal);
    }
    if (job.state === 'succeeded') progress.succeed();
    else progress.fail(job.failure ? sentence(job.failure.reason) : job.state);
    return job;
  } catch (error) {
    progress.fail();
    throw error;
  } finally {
    watching.abort();
    await listening;
  }
}

/** Rings for every event about the job. Without the live stream the sweep does. */
async function listen(client: ApiClient, id: string, bell: Bell, signal: AbortSignal): Promise<void> {
  try {
    for await (const item of client.events.stream({ signal })) {
      if (item.type === 'open') bell.ring();
      if (item.type === 'event' && (item.event.subject.id === id || item.event.body.jobId === id))
        bell.ring();
    }
  } catch {
    // No right to read events, or an older server: slower, but not less true.
  }
}

/** Remembers that it rang until somebody has heard it. */
class Bell {
  #rung = Promise.withResolvers<void>();

  ring(): void {
    this.#rung.resolve();
  }

  async rung(): Promise<void> {
    await this.#rung.promise;
    this.#rung = Promise.withResolvers<void>();
  }
}

function noteOf(job: Job, sentence: ReasonText): string {
  if (job.wait) return sentence(job.wait);
  const { etaMs, etaLowMs, etaHighMs } = job.progress;
  if (etaMs === null) return job.state;
  const band =
    etaLowMs === null || etaHighMs === null
      ? ''
      : ` (${formatDuration(etaLowMs)} – ${formatDuration(etaHighMs)})`;
  return `ETA ${formatDuration(etaMs)}${band}`;
}
