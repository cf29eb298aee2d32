import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { mendTrackFile } from '../matroska/read-track-file.ts';
import {
  clockFile,
  listParts,
  listTracks,
  type OpenPart,
  readReports,
  reportsFile,
  trackFolder,
  type WholePart,
  wholeFile,
  writeWhole,
} from './part-files.ts';

/**
 * Makes whole what killed writers have left: their files are cut to the last whole cluster and described. Does nothing to parts
 * that are whole, so it may run again at any time when nobody writes.
 */
export async function mendParts(workDir: string): Promise<void> {
  for (const track of listTracks(workDir))
    for (const part of listParts(workDir, track).open) await mendPart(workDir, part);
}

async function mendPart(workDir: string, part: OpenPart): Promise<void> {
  const folder = join(workDir, trackFolder(part.producerId));
  const path = join(folder, part.file);
  const facts = existsSync(path) ? await mendTrackFile(path) : undefined;
  const frames = facts?.frames ?? 0;
  const durationMs = Math.max(0, facts?.lastMs ?? 0);
  const { file, clockRate, firstRtp, ...known } = part;
  const clock = clockFile(part.part);
  writeWhole(join(folder, clock), readReports(join(folder, reportsFile(part.part)), clockRate, firstRtp));
  const whole: WholePart = {
    facts: {
      ...known,
      endedAt: part.startedAt + durationMs,
      durationMs,
      packets: null,
      lost: null,
      frames,
      cutOff: true,
    },
    file,
    clock,
  };
  writeWhole(join(folder, wholeFile(part.part)), whole);
}
