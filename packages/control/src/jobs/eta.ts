/** How long measured tasks of one kind took. */
export interface MeasuredKind {
  readonly kind: string;
  readonly samples: readonly { readonly weight: number; readonly wallMs: number }[];
}
/** Work of one kind that is not done yet. */
export interface RemainingWork {
  readonly kind: string;
  /** What is left of it, in the job's unit; running tasks count with the part that is left. */
  readonly weight: number;
}

export interface Estimate {
  readonly etaMs: number;
  readonly etaLowMs: number;
  readonly etaHighMs: number;
}

/** 80 % of estimates should lie in the band. */
const z = 1.28;
/** What one sample, or a kind that was never measured, is taken to vary by. */
const firstSpread = 0.5;

/**
 * When a job will be done: what is left, at the measured time per weight of its kind, spread over the slots that
 * work on it. A kind without a sample takes the mean of all kinds. Nothing while there is no sample at all.
 *
 * The band widens with the scatter of the samples and narrows with how many tasks are left, because their errors
 * even out; it never claims to know better than 2 %.
 *
 * @param slots tasks of the job that run at the same time, at least 1
 */
export function estimate(
  measured: readonly MeasuredKind[],
  remaining: readonly RemainingWork[],
  slots: number,
): Estimate | null {
  const rates = new Map(measured.flatMap((kind) => rateOf(kind)));
  if (rates.size === 0) return null;
  const overall = pool([...rates.values()]);
  let meanMs = 0;
  let variance = 0;
  for (const work of remaining) {
    if (work.weight <= 0) continue;
    const rate = rates.get(work.kind) ?? { ...overall, spread: Math.max(overall.spread, firstSpread) };
    const ms = work.weight * rate.msPerWeight;
    meanMs += ms;
    // The mean itself is uncertain by spread/√n for all of the work, single tasks by spread/√tasks.
    const tasks = Math.max(1, work.weight / rate.weightPerTask);
    variance += (ms * rate.spread) ** 2 * (1 / rate.samples + 1 / tasks);
  }
  const parallel = Math.max(1, slots);
  const etaMs = meanMs / parallel;
  const half = Math.max(0.02 * etaMs, (z * Math.sqrt(variance)) / parallel);
  return { etaMs, etaLowMs: Math.max(0, etaMs - half), etaHighMs: etaMs + half };
}

interface Rate {
  readonly msPerWeight: number;
  /** Coefficient of variation. */
  readonly spread: number;
  readonly samples: number;
  readonly weightPerTask: number;
}

function rateOf({ kind, samples }: MeasuredKind): [string, Rate][] {
  // Tasks without weight (an import, an assembly) say nothing about the time of what has weight.
  const useful = samples.filter((sample) => sample.weight > 0 && sample.wallMs >= 0);
  const weight = useful.reduce((sum, sample) => sum + sample.weight, 0);
  if (useful.length === 0 || weight <= 0) return [];
  const msPerWeight = useful.reduce((sum, sample) => sum + sample.wallMs, 0) / weight;
  const deviations = useful.map((sample) => sample.wallMs / sample.weight - msPerWeight);
  const variance =
    useful.length < 2 ? 0 : deviations.reduce((sum, d) => sum + d * d, 0) / (useful.length - 1);
  const measuredSpread = msPerWeight > 0 ? Math.sqrt(variance) / msPerWeight : 0;
  // Few samples know little about their own scatter: it starts at 50 % and gives way to what is measured.
  const spread = Math.sqrt((measuredSpread ** 2 * (useful.length - 1) + firstSpread ** 2) / useful.length);
  return [[kind, { msPerWeight, spread, samples: useful.length, weightPerTask: weight / useful.length }]];
}

function pool(rates: readonly Rate[]): Rate {
  const samples = rates.reduce((sum, rate) => sum + rate.samples, 0);
  const mean = (pick: (rate: Rate) => number) =>
    rates.reduce((sum, rate) => sum + pick(rate) * rate.samples, 0) / samples;
  return {
    msPerWeight: mean((rate) => rate.msPerWeight),
    spread: mean((rate) => rate.spread),
    samples,
    weightPerTask: mean((rate) => rate.weightPerTask),
  };
}
