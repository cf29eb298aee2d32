import type { Actor, Kernel } from '@backlot/control/workload';
import { sql } from 'kysely';
import type { z } from 'zod';
import {
  type Estimate,
  type EstimateQuestion,
  type ModelFacts,
  RENDER_JOB,
  RenderFacts,
  type RenderSettings,
  resolvePicture,
} from '../../contract.ts';
import { estimateRender, type FrameKnowledge } from '../estimate/estimate.ts';
import { readRenderFleet } from '../fleet.ts';
import { cutChunks } from '../jobs/chunks.ts';
import { frameList } from '../jobs/frame-list.ts';
import { getModel } from '../models/library.ts';
import { readPrice } from '../price.ts';

/** Renders of a model that an estimate looks back at. */
const LOOK_BACK = 20;
/** What starting Blender and opening a small scene takes. */
const USUAL_START_SECONDS = 1.5;

/** How long a render would take and what it would cost, before anything is queued. @throws not_found */
export async function answerEstimate(
  kernel: Kernel,
  question: z.output<typeof EstimateQuestion>,
  actor: Actor,
): Promise<Estimate> {
  const { settings, modelId } = question;
  const facts = modelId === undefined ? null : (await getModel(kernel, modelId, actor)).row.facts;
  const [fleet, price, knowledge] = await Promise.all([
    readRenderFleet(kernel),
    readPrice(kernel),
    knowledgeOf(kernel, modelId, settings),
  ]);
  const frames = framesOf(settings, facts);
  const picture = resolvePicture(settings);
  const slots = Math.max(1, fleet.slots);
  const input = {
    picture,
    frames,
    knowledge,
    slots,
    cores: fleet.cores,
    startSeconds: USUAL_START_SECONDS,
    chunks: 1,
    pricePerCoreHour: price,
  };
  const alone = estimateRender({ ...input, frames: 1, slots: 1, chunks: 0 });
  const numbers = Array.from({ length: frames }, (_, index) => index + 1);
  const cut = cutChunks({
    frames: numbers.slice(1),
    frameSeconds: alone.wallMs / 1000,
    startSeconds: USUAL_START_SECONDS,
    slots,
  });
  return estimateRender({ ...input, chunks: 1 + cut.length });
}

/** Frames of the render; the range of an animation is only known once the model was imported. */
function framesOf({ subject }: RenderSettings, facts: ModelFacts | null): number {
  const start = { first: 1, last: 1, step: 1, fps: 24, moves: false, keys: null };
  const frames = frameList(subject, facts?.animation ?? start);
  return 'tooMany' in frames ? frames.tooMany : frames.length;
}

/** Frame times of earlier renders of the same model with the same engine; else nothing but the arithmetic. */
async function knowledgeOf(
  kernel: Kernel,
  modelId: string | undefined,
  settings: RenderSettings,
): Promise<FrameKnowledge> {
  if (modelId === undefined) return { basis: 'guess' };
  const rows = await kernel.db
    .selectFrom('job')
    .select('facts')
    .where('kind', '=', RENDER_JOB)
    .where(sql<boolean>`parameters->>'modelId' = ${modelId}`)
    .where(sql<boolean>`parameters->'settings'->>'engine' = ${settings.engine}`)
    .where(sql<boolean>`parameters->'settings'->>'device' = ${settings.device}`)
    .orderBy('id', 'desc')
    .limit(LOOK_BACK)
    .execute();
  const frames = rows.flatMap((row) => {
    const { frameSeconds, width, height, samples } = RenderFacts.parse(row.facts);
    if (frameSeconds === undefined || !width || !height || !samples) return [];
    return [{ seconds: frameSeconds, width, height, samples }];
  });
  return frames.length === 0 ? { basis: 'guess' } : { basis: 'comparable', frames };
}
