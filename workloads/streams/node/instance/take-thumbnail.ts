import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunningContext } from '@backlot/node/workload';
import type { InstanceParameters, ThumbnailAnswer, ThumbnailCall } from '../../contract.ts';
import { runPeer } from '../peer/run-peer.ts';

/** How long a picture may take to come. */
const deadlineMs = 10_000;
/** Bytes that an answer may carry; a wider picture is asked for again at half the width. */
const mostBytes = 500_000;
const leastWidth = 64;

/** A picture of the running stream. @throws Error with what is known, when none came */
export async function takeThumbnail(
  { run, workDir, signal }: RunningContext<InstanceParameters>,
  call: ThumbnailCall,
): Promise<ThumbnailAnswer> {
  const folder = await mkdtemp(join(workDir, '.backlot-thumbnail-'));
  const file = join(folder, 'picture.png');
  try {
    for (let width = call.width; ; width = Math.max(leastWidth, width >> 1)) {
      const result = await runPeer(
        run,
        { kind: 'thumbnail', url: call.playerUrl, width, file, deadlineMs },
        { cwd: folder, signal },
      );
      if (!result.ok) throw new Error(`No picture could be taken (${result.fault}): ${result.detail}`);
      const bytes = await readFile(file);
      if (bytes.length > mostBytes && width > leastWidth) continue;
      const { width: wide = 0, height = 0 } = result;
      return { mediaType: 'image/png', data: bytes.toString('base64'), width: wide, height };
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
