import type { TrackFacts } from '../../contract.ts';
import type { FilmScan } from '../media/scan-film.ts';

/** How far the length, or a track against the others, may have moved. Milliseconds; clocks of containers differ. */
const driftMs = 50;

/** The order that a copy has: an FLV that begins with sound, and many a transport stream, have it the other way round. */
export function picturesFirst(tracks: readonly TrackFacts[]): readonly TrackFacts[] {
  const ofKind = (wanted: TrackFacts['kind']) => tracks.filter(({ kind }) => kind === wanted);
  return [...ofKind('video'), ...ofKind('audio')];
}

/** What is wrong with a copy, in words for a sentence; undefined when every packet of every track is there. Pure. */
export function judgeRemux(source: FilmScan, output: FilmScan): string | undefined {
  if (source.tracks.length === 0) return 'the source has neither picture nor sound';
  if (output.tracks.length !== source.tracks.length) {
    return `it has ${output.tracks.length} tracks of ${source.tracks.length}`;
  }
  const sources = picturesFirst(source.tracks);
  const copies = picturesFirst(output.tracks);
  for (const [index, track] of sources.entries()) {
    const copy = copies[index];
    const what = `track ${index + 1} (${track.kind})`;
    if (copy?.kind !== track.kind || copy.codec !== track.codec) {
      return `${what} is ${copy?.codec ?? 'nothing'} and not ${track.codec}`;
    }
    if (copy.packets !== track.packets) return `${what} has ${copy.packets} packets of ${track.packets}`;
    const first = sources[0]?.startMs ?? 0;
    const moved = copy.startMs - (copies[0]?.startMs ?? 0) - (track.startMs - first);
    if (Math.abs(moved) > driftMs) return `${what} moved by ${Math.round(moved)} ms against the first`;
  }
  const longer = output.durationMs - source.durationMs;
  // The last packet of some containers has no length of its own.
  if (Math.abs(longer) > 4 * driftMs) {
    return `it is ${Math.round(Math.abs(longer))} ms ${longer > 0 ? 'longer' : 'shorter'}`;
  }
  return undefined;
}
