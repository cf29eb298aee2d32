import type { CheckConditions } from '../../contract.ts';
import type { FilmScan } from '../media/scan-film.ts';

/** What a film lacks of what it must be, a few words for each; empty when it is as wanted. Pure. */
export function judgeFilm(film: Omit<FilmScan, 'places'>, conditions: CheckConditions): string[] {
  const { leastDurationMs, mostDurationMs, video, audio, largestGapMs, codecs } = conditions;
  const picture = film.tracks.find(({ kind }) => kind === 'video');
  const sound = film.tracks.find(({ kind }) => kind === 'audio');
  const faults: string[] = [];
  if (video && !picture) faults.push('it has no picture');
  if (audio && !sound) faults.push('it has no sound');
  if (leastDurationMs !== undefined && film.durationMs < leastDurationMs) {
    faults.push(`it is ${seconds(film.durationMs)} long, at least ${seconds(leastDurationMs)} are wanted`);
  }
  if (mostDurationMs !== undefined && film.durationMs > mostDurationMs) {
    faults.push(`it is ${seconds(film.durationMs)} long, at most ${seconds(mostDurationMs)} are wanted`);
  }
  if (largestGapMs !== undefined && film.largestGapMs > largestGapMs) {
    faults.push(
      `it has a hole of ${seconds(film.largestGapMs)}, at most ${seconds(largestGapMs)} are allowed`,
    );
  }
  if (codecs !== undefined && picture && !codecs.includes(picture.codec)) {
    faults.push(`its picture is ${picture.codec}, and not ${codecs.join(' or ')}`);
  }
  return faults;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 3 : 1)} s`;
}
