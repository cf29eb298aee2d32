import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BacklotError } from '@backlot/contract/errors/catalogue';
import type { RunningContext } from '@backlot/node/workload';
import {
  type InstanceParameters,
  streamErrors,
  type ThumbnailAnswer,
  type ThumbnailCall,
} from '../../contract.ts';
import { runPeer } from '../peer/run-peer.ts';

/** How long a picture may take to come. */
const deadlineMs = 10_000;
/** Bytes that an answer may carry; a wider picture is asked for again at half the width. */
const mostBytes = 500_000;
const leastWidth = 64;
/** On this machine, whoever asks: each is a process that decodes video. A control plane asks for no more by itself. */
const atOnce = 2;
let taking = 0;

/** A picture of the running stream. @throws thumbnails_busy, Error with what is known when none came */
export async function takeThumbnail(
  { run, workDir, signal }: RunningContext<InstanceParameters>,
  call: ThumbnailCall,
): Promise<ThumbnailAnswer> {
  if (taking >= atOnce) throw new BacklotError(streamErrors.thumbnails_busy);
  taking += 1;
  try {
    return await take(run, workDir, signal, call);
  } finally {
    taking -= 1;
  }
}

async function take(
  run: RunningContext<InstanceParameters>['run'],
  workDir: string,
  signal: AbortSignal,
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
