import { rm } from 'node:fs/promises';
import type { LookContext } from '../media/look.ts';
import { compareDigests, type DigestComparison, digestLines } from './compare-digests.ts';
import { type CopiedTrack, copiedTracks, listDigests, listFile } from './packet-digests.ts';
import { type CommonForm, commonForm } from './packet-form.ts';

/** Which tracks of the source a copy has. */
export interface CopyPlan {
  /** `first` is the first picture and the first sound. */
  readonly tracks: 'first' | 'every';
  readonly sound: boolean;
  /** Packets of each of those tracks as they were counted, pictures first. What is compared is held against it. */
  readonly packets: readonly number[];
  /** Places in the files of those tracks that have packets, where it is known that others have none. */
  readonly filled?: { readonly source: readonly number[]; readonly output: readonly number[] };
}

/** A sentence names no more tracks than this one by one: what could not be compared must still fit in. */
const namedTracks = 4;

export type CopyVerdict = { readonly proof: string } | { readonly wrong: string };

interface Pair {
  readonly source: CopiedTrack;
  readonly output: CopiedTrack;
  readonly form: CommonForm;
  readonly name: string;
}

/**
 * Whether a film has the very packets of another, of picture and sound, in their order: by the SHA-256 of each. Every file
 * is read once. Times are not looked at: others judge them.
 *
 * @throws Unreadable when one of them can't be read to its end
 */
export async function proveCopy(
  context: LookContext,
  source: string,
  output: string,
  plan: CopyPlan,
): Promise<CopyVerdict> {
  const pairs = pairTracks(
    selectTracks(await copiedTracks(context, source), plan, plan.filled?.source),
    selectTracks(await copiedTracks(context, output), plan, plan.filled?.output),
  );
  if ('wrong' in pairs) return pairs;
  const lists = pairs.map((_pair, track) => ({
    source: listFile(context.workDir, 'source', track),
    output: listFile(context.workDir, 'output', track),
  }));
  try {
    for (const side of ['source', 'output'] as const) {
      const path = side === 'source' ? source : output;
      const tracks = pairs.map((pair, track) => ({
        index: pair[side].index,
        filter: pair.form[side],
        list: lists[track]?.[side] ?? '',
      }));
      await listDigests(context, path, tracks);
    }
    const compared: ComparedTrack[] = [];
    for (const [track, { form, name }] of pairs.entries()) {
      const files = lists[track];
      if (!files) continue;
      const lines = (list: string) => digestLines(list, context.signal);
      const comparison = await compareDigests(lines(files.source), lines(files.output));
      compared.push({ name, form, comparison, packets: plan.packets[track] ?? comparison.equal });
    }
    return judgeCopy(compared);
  } finally {
    await Promise.all(
      lists.flatMap((files) => Object.values(files)).map((file) => rm(file, { force: true })),
    );
  }
}

function selectTracks(
  all: readonly CopiedTrack[],
  { tracks, sound }: CopyPlan,
  filled: readonly number[] | undefined,
): CopiedTrack[] {
  const wanted = all.filter(
    ({ kind, index }) => (sound || kind === 'video') && (filled?.includes(index) ?? true),
  );
  if (tracks === 'every') return wanted;
  return (['video', 'audio'] as const).flatMap((kind) => wanted.find((track) => track.kind === kind) ?? []);
}

/** Each track beside its copy. Pure; exported for tests. */
export function pairTracks(
  source: readonly CopiedTrack[],
  output: readonly CopiedTrack[],
): readonly Pair[] | { readonly wrong: string } {
  if (source.length !== output.length) return { wrong: `it has ${output.length} tracks of ${source.length}` };
  const pairs: Pair[] = [];
  for (const [at, track] of source.entries()) {
    const copy = output[at];
    const word = track.kind === 'video' ? 'picture' : 'sound';
    const before = source.slice(0, at).filter(({ kind }) => kind === track.kind).length;
    const alone = source.filter(({ kind }) => kind === track.kind).length === 1;
    const name = alone ? word : `${word} ${before + 1}`;
    if (copy?.kind !== track.kind || copy.codec !== track.codec) {
      return { wrong: `its ${name} is ${copy?.codec ?? 'nothing'} and not ${track.codec}` };
    }
    pairs.push({ source: track, output: copy, form: commonForm(track, copy), name });
  }
  return pairs;
}

/** A track that was compared with its copy. */
export interface ComparedTrack {
  readonly name: string;
  readonly form: CommonForm;
  readonly comparison: DigestComparison;
  /** Packets of the source, as they were counted. */
  readonly packets: number;
}

/** What a comparison says: the first packet that differs, or how much is equal and what nobody could compare. Pure. */
export function judgeCopy(tracks: readonly ComparedTrack[]): CopyVerdict {
  for (const { name, form, comparison, packets } of tracks) {
    const { differs, setup, equal } = comparison;
    if (differs?.ended === 'output') return { wrong: `its ${name} ends after packet ${equal}` };
    if (differs?.ended === 'source') {
      return { wrong: `its ${name} has a packet ${differs.packet} that the source has not` };
    }
    if (differs) {
      const at = differs.seconds === undefined ? '' : ` (at ${differs.seconds.toFixed(3)} s)`;
      return { wrong: `packet ${differs.packet} of its ${name}${at} is not that of the source` };
    }
    if (form.sameSetup && setup === 'unlike') {
      return { wrong: `the parameter sets of its ${name} are not those of the source` };
    }
    // A torn packet or two are a recording's; a track of which most could not be looked at is not known to be the source's.
    if (packets > 2 * equal)
      return { wrong: `of its ${name} only ${equal} of ${packets} packets can be compared` };
  }
  const total = tracks.reduce((sum, { comparison }) => sum + comparison.equal, 0);
  const equal =
    tracks.length > namedTracks
      ? `${total} packets of ${tracks.length} tracks`
      : tracks.map(({ name, comparison }) => `${comparison.equal} packets of ${name}`).join(', ');
  const open = [...openQuestions(tracks)].map(([what, names]) =>
    names.length > namedTracks ? `${what} (${names.length} tracks)` : `${what} (${names.join(', ')})`,
  );
  const proof = `${equal}: each has the SHA-256 of the source’s`;
  return { proof: (open.length === 0 ? proof : `${proof}. Not compared: ${open.join('; ')}`).slice(0, 500) };
}

/** What nobody could compare, and the tracks it was so of. */
function openQuestions(tracks: readonly ComparedTrack[]): ReadonlyMap<string, readonly string[]> {
  const open = new Map<string, string[]>();
  for (const { name, form, comparison, packets } of tracks) {
    const missed = packets - comparison.equal;
    const questions = [
      ...(form.leftOut === undefined ? [] : [form.leftOut]),
      // The filter gives up a packet that it can't take apart; the counts of both files are the same nonetheless.
      ...(missed > 0 ? [`${missed} packets that can’t be taken apart`] : []),
      ...(comparison.setup === 'unlike' ? ['the decoder’s set-up, written anew'] : []),
    ];
    for (const question of questions) open.set(question, [...(open.get(question) ?? []), name]);
  }
  return open;
}
