import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import { type BlenderRequest, PROTOCOL, ProgressLine } from './request.ts';

/** Files of one run of the script, in the folder that it may write. */
export function exchangeFiles(folder: string) {
  return {
    request: join(folder, 'request.json'),
    result: join(folder, 'result.json'),
    progress: join(folder, 'progress.jsonl'),
  };
}

/** A request without what is the same in all of them. */
export type RequestBody = BlenderRequest extends infer R
  ? R extends BlenderRequest
    ? Omit<R, 'result' | 'progress'>
    : never
  : never;

/** Writes the request file and returns its path. */
export async function writeRequest(folder: string, body: RequestBody): Promise<string> {
  const files = exchangeFiles(folder);
  const request = { protocol: PROTOCOL, result: files.result, progress: files.progress, ...body };
  await writeFile(files.request, JSON.stringify(request));
  return files.request;
}

/** The result, or undefined when there is none or it is not what the script may write (a hostile model's doing). */
export async function readResult<T>(folder: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const parsed = schema.safeParse(JSON.parse(await readFile(exchangeFiles(folder).result, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

/** The whole lines of a progress text. A last line without its end is still being written, and left out. */
export function parseProgress(text: string): ProgressLine[] {
  const lines: ProgressLine[] = [];
  for (const line of text.slice(0, text.lastIndexOf('\n') + 1).split('\n')) {
    if (line === '') continue;
    try {
      const parsed = ProgressLine.safeParse(JSON.parse(line));
      if (parsed.success) lines.push(parsed.data);
    } catch {
      // The file lies where the sandboxed process may write: anything can stand in it.
    }
  }
  return lines;
}

/** All progress so far; empty before the script has begun. */
export async function readProgress(folder: string): Promise<ProgressLine[]> {
  try {
    return parseProgress(await readFile(exchangeFiles(folder).progress, 'utf8'));
  } catch {
    return [];
  }
}
