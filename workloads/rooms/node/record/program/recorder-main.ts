import { existsSync, readFileSync } from 'node:fs';
import { systemClock } from '@backlot/contract/clock';
import { endFile, RecordRequest, requestFile, statusFile, stopFile } from './files.ts';
import { mendParts } from './mend.ts';
import { listParts, listTracks, trackFolder, writeWhole } from './part-files.ts';
import { Recording } from './recording.ts';

/**
 * Writes the tracks of a room into the folder that it is started in. When it is killed, `keeper-main` starts it again: it first
 * makes whole what its predecessor was writing, and goes on with the next part.
 */
const lookMs = 200;

const request = RecordRequest.parse(JSON.parse(readFileSync(requestFile, 'utf8')));
await mendParts('.');

const stop = new AbortController();
const recording = new Recording({
  workDir: '.',
  recordingId: request.recordingId,
  tap: request.tap,
  select: request.select,
  clock: systemClock,
  nextPart(producerId) {
    const here = listTracks('.').includes(trackFolder(producerId))
      ? listParts('.', trackFolder(producerId)).whole.map(({ facts }) => facts.part)
      : [];
    return Math.max(0, request.committed[producerId] ?? 0, ...here) + 1;
  },
});
const looking = setInterval(() => {
  writeWhole(statusFile, recording.status);
  if (existsSync(stopFile)) stop.abort();
}, lookMs);
process.on('SIGTERM', () => stop.abort());
process.on('SIGINT', () => stop.abort());

const ended = await recording.run(stop.signal);
clearInterval(looking);
writeWhole(endFile, { ended, tracks: recording.tracks });
process.exit(0);
