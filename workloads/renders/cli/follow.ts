import type { CommandContext } from '@backlot/cli/command';
import { kernelPhrases } from '@backlot/contract';
import { type Reason, translateReason } from '@backlot/contract/phrase';
import { outputs, type Render, renderPhrases } from '../contract.ts';
import type { RendersApi } from './api.ts';
import { words } from './words.ts';

/** How often the state is asked for. Frames come in seconds; a person sees no difference. */
const POLL_MS = 700;

/** A reason in the language of the terminal, the workload's and the kernel's alike. */
export function reasonText(reason: Reason, language: CommandContext['language']): string {
  return translateReason(reason, [renderPhrases, kernelPhrases], language);
}

export interface Follower {
  /** The import waits for files; resolves when something was done about it, throws to give up. */
  readonly onMissing: (render: Render) => Promise<void>;
  /** A look at the render in between; for downloading what is finished. */
  readonly onLook: (render: Render) => Promise<void>;
}

/** Follows a render until it has ended, with a bar on a terminal and lines elsewhere. */
export async function followRender(
  context: CommandContext,
  api: RendersApi,
  id: string,
  { onMissing, onLook }: Follower,
): Promise<Render> {
  const { out, say, signal, language } = context;
  const progress = out.progress({ title: say(words.rendering), unit: 'items' });
  try {
    for (;;) {
      const render = await api.get(id);
      const { job } = render;
      const done = render.frames.filter((cell) => cell.state === 'done').length;
      progress.update({
        done,
        ...(render.frames.length > 0 ? { total: render.frames.length } : {}),
        note: noteOf(context, render),
      });
      await onLook(render);
      if (job.endedAt !== null) {
        if (job.state === 'succeeded') progress.succeed(say(words.framesDone, { count: done }));
        else progress.fail(job.failure ? reasonText(job.failure.reason, language) : job.state);
        return render;
      }
      if (render.heldTaskId !== null && render.missing.length > 0) await onMissing(render);
      await api.client.transport.clock.sleep(POLL_MS, signal);
    }
  } catch (error) {
    progress.fail();
    throw error;
  }
}

function noteOf({ language, say }: CommandContext, { job, estimate, facts }: Render): string {
  if (job.wait) return reasonText(job.wait, language);
  if (!facts.model) return say(words.importing);
  if (!estimate) return job.state;
  const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));
  return say(words.eta, {
    seconds: seconds(estimate.wallMs),
    low: seconds(estimate.lowMs),
    high: seconds(estimate.highMs),
  });
}

/** What is wrong with the results of a render that says it has succeeded; empty when all is there. */
export function incomplete(render: Render, names: readonly string[]): string[] {
  const problems: string[] = [];
  const done = render.frames.filter((cell) => cell.state === 'done').length;
  const wanted = render.facts.frameCount ?? 0;
  if (wanted === 0 || done !== wanted) problems.push(`${done}/${wanted}`);
  const film = render.settings.film && render.settings.subject.kind !== 'still' && wanted > 1;
  if (film && !names.includes(outputs.film.name)) problems.push(outputs.film.name);
  return problems;
}
