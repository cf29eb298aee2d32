import { boxesOfFile } from '../fmp4/file-boxes.ts';
import { readFlvFile } from './flv-file.ts';
import type { JoinProofs, JoinSegment } from './plan-join.ts';
import { isProven } from './union-flv.ts';

/** Proofs by reading the files. Only FLV names its frames so that two recorders' can be told to be the same. */
export const fileProofs: JoinProofs = {
  // One proof holds for all segments of the other's run.
  sameClock: (others, own) =>
    own[0]?.container === 'flv' && others.some((other) => other.container === 'flv' && isProven(other, own)),
  sameSetup(before, next) {
    if (before.container === 'fmp4') return fragmentHead(before).equals(fragmentHead(next));
    // The set-up of a transport stream comes again with every keyframe.
    return before.container === 'ts' || flvHead(before).equals(flvHead(next));
  },
};

function flvHead(segment: JoinSegment): Buffer {
  const configs: Buffer[] = [];
  for (const tag of readFlvFile(segment)) {
    if (tag.role === 'key' || tag.role === 'frame') break;
    if (tag.role === 'config') configs.push(tag.body);
  }
  return Buffer.concat(configs);
}

function fragmentHead({ path }: JoinSegment): Buffer {
  const heads: Buffer[] = [];
  for (const box of boxesOfFile(path)) {
    if (box.type === 'moof') break;
    if (box.type === 'moov') heads.push(box.read());
  }
  return Buffer.concat(heads);
}
