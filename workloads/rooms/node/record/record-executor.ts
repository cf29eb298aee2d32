import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Conclusion, OutputFile, TaskContext, TaskExecutor, WatchContext } from '@backlot/node/workload';
import { programFile } from '@backlot/node/workload';
import {
  RecordParameters,
  RecordStatus,
  recordStatusMethod,
  recordStopMethod,
} from '../../contract/tasks.ts';
import { failure } from '../failures.ts';
import { readTrackFile } from './matroska/read-track-file.ts';
import {
  endFile,
  RecordEnd,
  type RecordRequest,
  requestFile,
  statusFile,
  stopFile,
} from './program/files.ts';
import { mendParts } from './program/mend.ts';
import { listParts, listTracks, type WholePart } from './program/part-files.ts';
import { tapPath } from './tap-protocol.ts';

/** Between two looks for finished parts, in milliseconds. */
const LOOK_MS = 500;
const keeper = programFile(import.meta.url, './program/keeper-main');

/** Records tracks of a room on its node. Parts become artifacts as soon as they are whole, while the recording goes on. */
export const recordExecutor: TaskExecutor<RecordParameters> = {
  parameters: RecordParameters,

  async prepare({ parameters, offer, workDir }) {
    const { recordingId, shardAllocation, select } = parameters;
    const request: RecordRequest = {
      recordingId,
      tap: tapPath(shardAllocation),
      select,
      committed: committedParts(offer.committed),
    };
    await writeFile(join(workDir, requestFile), JSON.stringify(request));
    return { argv: [process.execPath, '--no-warnings', keeper] };
  },

  async watch(context: WatchContext<RecordParameters>) {
    const committed = new Set(context.committed);
    while (!context.signal.aborted) {
      for (const { track, part } of wholeParts(context.workDir)) {
        const outputs = outputsOf(track, part).filter(({ name }) => !committed.has(name));
        if (outputs.length === 0 || (await faultOf(context.workDir, track, part))) continue;
        await context.commit(outputs);
        for (const { name } of outputs) committed.add(name);
      }
      const status = await readStatus(context.workDir);
      context.progress({ detail: { ...status } });
      await context.clock.sleep(LOOK_MS, context.signal).catch(() => {});
    }
  },

  async conclude(context) {
    const { workDir, committed, exit } = context;
    // Nobody writes any more: what was cut off becomes as good as it can be.
    await mendParts(workDir);
    const parts = wholeParts(workDir);
    const outputs: OutputFile[] = [];
    let damaged: { name: string; reason: string } | undefined;
    for (const { track, part } of parts) {
      const reason = await faultOf(workDir, track, part);
      if (reason) damaged ??= { name: `${track}/${part.file}`, reason };
      else outputs.push(...outputsOf(track, part).filter(({ name }) => !committed.has(name)));
    }
    const end = await readEnd(workDir);
    if (exit.code !== 0 || !end) {
      const how = exit.signal ?? exit.cause;
      return { outcome: 'failed', failure: failure('crash', 'rooms.recorder_lost', { how }), outputs };
    }
    if (damaged)
      return { outcome: 'failed', failure: failure('output', 'rooms.recording_damaged', damaged), outputs };
    const tracks = new Set(parts.map(({ track }) => track)).size;
    return {
      outcome: 'ok',
      outputs,
      result: { tracks, parts: parts.length, ended: end.ended },
    } satisfies Conclusion;
  },

  async call(context: TaskContext<RecordParameters>, { method }) {
    if (method === recordStopMethod) {
      await writeFile(join(context.workDir, stopFile), '');
      return {};
    }
    if (method === recordStatusMethod) return await readStatus(context.workDir);
    throw new Error(`A recording has no method ${method}.`);
  },
};

/** Parts that are whole and hold anything at all. */
function wholeParts(workDir: string): { track: string; part: WholePart }[] {
  return listTracks(workDir).flatMap((track) =>
    listParts(workDir, track)
      .whole.filter(({ facts }) => facts.frames > 0)
      .map((part) => ({ track, part })),
  );
}

const outputsOf = (track: string, { facts, file, clock }: WholePart): OutputFile[] => [
  {
    name: `${track}/${file}`,
    kind: 'track',
    path: `${track}/${file}`,
    mediaType: `${facts.kind}/${file.endsWith('.webm') ? 'webm' : 'x-matroska'}`,
    meta: { ...facts },
  },
  {
    name: `${track}/${clock}`,
    kind: 'clock',
    path: `${track}/${clock}`,
    mediaType: 'application/json',
    meta: { producerId: facts.producerId, part: facts.part },
  },
];

/** Why a file can't be what its description says, by reading all of it; nothing when it can. */
async function faultOf(
  workDir: string,
  track: string,
  { facts, file }: WholePart,
): Promise<string | undefined> {
  try {
    const found = await readTrackFile(join(workDir, track, file));
    if (found.wholeBytes < found.bytes) return 'its end is cut off';
    if (found.frames !== facts.frames) return `it has ${found.frames} of ${facts.frames} frames`;
    if (found.disordered > 0) return `${found.disordered} frames are out of order`;
    if (facts.kind === 'video' && found.keyFrames === 0) return 'it has no key frame';
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** `track-<producer>/part-<n>.webm` of earlier attempts: the highest part of each. */
function committedParts(names: readonly string[]): Record<string, number> {
  const highest: Record<string, number> = {};
  for (const name of names) {
    const [, producerId, part] = /^track-([^/]+)\/part-(\d+)\./.exec(name) ?? [];
    if (producerId && part) highest[producerId] = Math.max(highest[producerId] ?? 0, Number(part));
  }
  return highest;
}

async function readStatus(workDir: string): Promise<RecordStatus> {
  const text = await readFile(join(workDir, statusFile), 'utf8').catch(() => '');
  try {
    return RecordStatus.parse(JSON.parse(text));
  } catch {
    // It has not begun.
    return { recording: false, tracks: [] };
  }
}

async function readEnd(workDir: string) {
  const text = await readFile(join(workDir, endFile), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : RecordEnd.parse(JSON.parse(text));
}
