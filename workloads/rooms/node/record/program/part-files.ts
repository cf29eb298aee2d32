import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type TrackClock, TrackPart } from '../../../contract/tasks.ts';

/**
 * Files of a recording in its work folder. One folder for each track, and in it for each part:
 * `part-N.open.json` what is being written (while it is), `part-N.webm|mkv` the media, `part-N.reports` sender reports as they
 * came, and at the end `part-N.clock.json` and, last of all, `part-N.json`: the part is whole.
 */
export const OpenPart = TrackPart.pick({
  recordingId: true,
  producerId: true,
  owner: true,
  kind: true,
  source: true,
  codec: true,
  part: true,
  startedAt: true,
  width: true,
  height: true,
}).extend({ file: z.string(), clockRate: z.number(), firstRtp: z.number() });
export type OpenPart = z.infer<typeof OpenPart>;

export const WholePart = z.object({ facts: TrackPart, file: z.string(), clock: z.string() });
export type WholePart = z.infer<typeof WholePart>;

const folderPrefix = 'track-';
export const trackFolder = (producerId: string) => `${folderPrefix}${producerId}`;
export const openFile = (part: number) => `part-${part}.open.json`;
export const reportsFile = (part: number) => `part-${part}.reports`;
export const clockFile = (part: number) => `part-${part}.clock.json`;
export const wholeFile = (part: number) => `part-${part}.json`;

/** Written beside and renamed, so that whoever looks sees all of it or nothing. */
export function writeWhole(path: string, value: unknown): void {
  writeFileSync(`${path}.new`, JSON.stringify(value));
  renameSync(`${path}.new`, path);
}

/** Folders of tracks, relative to the work folder. */
export function listTracks(workDir: string): string[] {
  return readdirSync(workDir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(folderPrefix))
    .map((entry) => entry.name)
    .sort();
}

/** Parts of a track that are whole, and those that somebody was writing. */
export function listParts(workDir: string, track: string): { whole: WholePart[]; open: OpenPart[] } {
  const names = readdirSync(join(workDir, track));
  const read = <T>(pattern: RegExp, schema: z.ZodType<T>) =>
    names
      .filter((name) => pattern.test(name))
      .flatMap((name) => {
        const parsed = schema.safeParse(parse(readFileSync(join(workDir, track, name), 'utf8')));
        return parsed.success ? [parsed.data] : [];
      });
  const whole = read(/^part-\d+\.json$/, WholePart).sort((a, b) => a.facts.part - b.facts.part);
  const done = new Set(whole.map(({ facts }) => facts.part));
  const open = read(/^part-\d+\.open\.json$/, OpenPart).filter(({ part }) => !done.has(part));
  return { whole, open };
}

/** The pairs of a part, from the lines in which they were kept. */
export function readReports(path: string, clockRate: number, firstRtp: number): TrackClock {
  let lines: string[];
  try {
    lines = readFileSync(path, 'utf8').split('\n');
  } catch {
    lines = [];
  }
  const Report = z.object({ rtp: z.number(), ntp: z.number(), at: z.number() });
  const reports = lines.flatMap((line) => {
    const parsed = Report.safeParse(parse(line));
    return parsed.success ? [parsed.data] : [];
  });
  return { clockRate, firstRtp, reports };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The last line of a writer that was killed.
    return undefined;
  }
}
