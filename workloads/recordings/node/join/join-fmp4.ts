import type { Writable } from 'node:stream';
import { boxesIn, findBox } from '../fmp4/boxes.ts';
import { boxesOfFile } from '../fmp4/file-boxes.ts';
import { readFragment, readTracks, type Track } from '../fmp4/tracks.ts';
import { BatchWriter } from './batch-writer.ts';
import { FilmClock } from './film-clock.ts';
import type { JoinedPart } from './joined.ts';
import type { JoinPart } from './plan-join.ts';

/** Writes a part as one fragmented MP4: the initialization segment once, then all fragments on one clock. */
export async function joinFmp4(part: JoinPart, out: Writable): Promise<JoinedPart> {
  const writer = new BatchWriter(out);
  const clock = new FilmClock();
  let tracks: readonly Track[] | undefined;
  let videoFrames = 0;
  let audioFrames = 0;
  let zero: number | undefined;
  for (const run of part.runs) {
    for (const segment of run.segments) {
      zero ??= segment.firstMs + run.offsetMs;
      const moveMs = run.offsetMs - zero;
      const init: Buffer[] = [];
      let moof: Buffer | undefined;
      for (const box of boxesOfFile(segment.path)) {
        if (box.type === 'ftyp' || box.type === 'moov') init.push(box.read());
        else if (box.type === 'moof') {
          if (!tracks) {
            const head = Buffer.concat(init);
            tracks = readTracks(head);
            await writer.put(head);
          }
          moof = box.read();
          const outer = findBox(moof, 0, moof.length, 'moof');
          for (const { track, ms, samples, durationMs } of outer ? readFragment(moof, outer, tracks) : []) {
            if (track.kind === 'video') videoFrames += samples;
            else if (track.kind === 'audio') audioFrames += samples;
            if (track.kind === 'audio' && tracks.some(({ kind }) => kind === 'video')) continue;
            const step = samples > 0 ? durationMs / samples : 0;
            for (let sample = 0; sample < samples; sample++)
              clock.see(9, ms + moveMs + sample * step, ms + sample * step + run.anchor);
          }
          moveFragment(moof, tracks, moveMs);
        } else if (box.type === 'mdat' && moof) {
          await writer.put(moof);
          await writer.put(box.read());
          moof = undefined;
        }
      }
    }
  }
  await writer.flush();
  return {
    part: part.part,
    zeroMs: zero ?? 0,
    videoFrames,
    audioFrames,
    durationMs: clock.endMs,
    gaps: clock.gaps,
    lossMs: clock.lossMs,
    leading: 0,
    repeated: 0,
    fromSpares: 0,
    disordered: 0,
  };
}

/** Moves the decoding time of every track in a fragment. In place; a time never goes below 0. */
function moveFragment(moof: Buffer, tracks: readonly Track[], byMs: number): void {
  const outer = findBox(moof, 0, moof.length, 'moof');
  if (!outer) return;
  for (const traf of boxesIn(moof, outer.body, outer.end)) {
    if (traf.type !== 'traf') continue;
    const tfhd = findBox(moof, traf.body, traf.end, 'tfhd');
    const tfdt = findBox(moof, traf.body, traf.end, 'tfdt');
    const track = tfhd && tracks.find(({ id }) => id === moof.readUInt32BE(tfhd.body + 4));
    if (!tfdt || !track) continue;
    const by = Math.round((byMs * track.timescale) / 1000);
    if (moof[tfdt.body] === 1) {
      const moved = Number(moof.readBigUInt64BE(tfdt.body + 4)) + by;
      moof.writeBigUInt64BE(BigInt(Math.max(0, moved)), tfdt.body + 4);
    } else moof.writeUInt32BE(Math.max(0, moof.readUInt32BE(tfdt.body + 4) + by) >>> 0, tfdt.body + 4);
  }
}
