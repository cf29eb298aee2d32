import type { Artifact, Job } from '@backlot/contract';
import { type Actor, type Kernel, toArtifact } from '@backlot/control/workload';
import {
  type Estimate,
  outputs,
  parseFrames,
  type Render,
  RenderFacts,
  RenderJob,
  resolvePicture,
  taskKinds,
} from '../../contract.ts';
import { estimateRender } from '../estimate/estimate.ts';
import { readRenderFleet } from '../fleet.ts';
import { readPrice } from '../price.ts';
import { frameMap } from './frame-map.ts';
import { type RenderAttempt, type RenderTask, readAttempts, readMakers, readTasks } from './read-tasks.ts';

type ArtifactRow = Parameters<typeof toArtifact>[0];

/**
 * A render with everything that its page shows, read in a handful of queries. Without the preview where the model itself
 * is hidden from the actor.
 */
export async function viewRender(kernel: Kernel, job: Job, actor: Actor): Promise<Render> {
  const parameters = RenderJob.parse(job.parameters);
  const facts = RenderFacts.parse(job.facts);
  const [tasks, attempts, makers, rows, price] = await Promise.all([
    readTasks(kernel, job.id),
    readAttempts(kernel, job.id),
    readMakers(kernel, job.id),
    readArtifacts(kernel, job.id),
    readPrice(kernel),
  ]);
  const frames = facts.frames === undefined ? [] : (parseFrames(facts.frames) ?? []);
  const pictures = rows
    .filter((row) => row.kind === outputs.frame.kind)
    .map((row) => ({
      artifactId: row.id,
      name: row.name,
      taskId: row.task_id,
      nodeName: row.allocation_id === null ? null : (makers.get(row.allocation_id) ?? null),
      seconds: typeof row.meta.seconds === 'number' ? row.meta.seconds : null,
    }));
  const cells = frameMap(frames, parameters.settings.format, tasks, pictures);
  const held = tasks.find((task) => task.kind === taskKinds.import && task.state === 'held');
  const shown = newest(rows, outputs.preview.kind);
  const [preview] = shown ? await kernel.artifacts.visibleTo(actor, [shown]) : [];
  const coreHours = coreHoursOf(attempts, kernel.clock.now());
  return {
    job,
    modelId: parameters.modelId,
    settings: parameters.settings,
    facts,
    missing: missingOf(held),
    heldTaskId: held?.id ?? null,
    frames: cells,
    preview: preview ?? null,
    sheet: newest(rows, outputs.sheet.kind),
    film: newest(rows, outputs.film.kind),
    latestFrame: newest(rows, outputs.frame.kind),
    estimate: job.endedAt === null ? await estimateOpen(kernel, parameters, facts, cells, price) : null,
    spent: { coreHours, cost: price === null ? null : coreHours * price },
    nodes: sharesOf(cells),
  };
}

async function readArtifacts(kernel: Kernel, jobId: string): Promise<ArtifactRow[]> {
  return kernel.db
    .selectFrom('artifact')
    .selectAll()
    .where('job_id', '=', jobId)
    .where('deleted_at', 'is', null)
    .orderBy('id')
    .execute();
}

/** Ids sort by time: the last one is the newest. A complete preview follows one that shows missing files. */
function newest(rows: readonly ArtifactRow[], kind: string): Artifact | null {
  const row = rows.findLast((candidate) => candidate.kind === kind);
  return row ? toArtifact(row) : null;
}

function missingOf(held: RenderTask | undefined): Render['missing'] {
  const required = held?.failure?.reason.code === 'renders.files_required';
  return (held?.failure?.missing ?? []).map((path) => ({ path, required }));
}

async function estimateOpen(
  kernel: Kernel,
  { settings }: RenderJob,
  facts: RenderFacts,
  cells: Render['frames'],
  pricePerCoreHour: number | null,
): Promise<Estimate | null> {
  if (cells.length === 0) return null;
  const fleet = await readRenderFleet(kernel);
  const seconds = cells.flatMap((cell) => cell.seconds ?? []);
  const open = cells.filter((cell) => cell.state !== 'done' && cell.state !== 'canceled');
  return estimateRender({
    picture: resolvePicture(settings),
    frames: open.length,
    knowledge: seconds.length > 0 ? { basis: 'measured', seconds } : { basis: 'guess' },
    slots: Math.max(1, fleet.slots),
    cores: fleet.cores,
    startSeconds: facts.startSeconds ?? 1.5,
    chunks: new Set(open.map((cell) => cell.taskId)).size,
    pricePerCoreHour,
  });
}

/** Core hours of all attempts, also of those that failed: they were used. Measured CPU time where there is any. */
export function coreHoursOf(attempts: readonly RenderAttempt[], now: number): number {
  const milliseconds = attempts.reduce((sum, { cpu, usage, startedAt, endedAt }) => {
    if (usage) return sum + (usage.cpuMs ?? usage.wallMs * cpu);
    if (!startedAt) return sum;
    return sum + Math.max(0, (endedAt?.getTime() ?? now) - startedAt.getTime()) * cpu;
  }, 0);
  return milliseconds / 3_600_000;
}

function sharesOf(cells: Render['frames']): Render['nodes'] {
  const shares = new Map<string, { nodeName: string; frames: number; seconds: number }>();
  for (const { state, nodeName, seconds } of cells) {
    if (state !== 'done' || nodeName === null) continue;
    const share = shares.get(nodeName) ?? { nodeName, frames: 0, seconds: 0 };
    share.frames += 1;
    share.seconds += seconds ?? 0;
    shares.set(nodeName, share);
  }
  return [...shares.values()].sort((a, b) => b.frames - a.frames);
}
