import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What the executor has to know again after the agent was started anew. Kept in the work folder. */
const Notes = z.object({
  /** The port on loopback that was put in for `{port}`. */
  port: z.number().int().min(1).max(65_535),
});
export type Notes = z.infer<typeof Notes>;

const fileOf = (workDir: string) => join(workDir, '.backlot-instance.json');

export const writeNotes = (workDir: string, notes: Notes) =>
  writeFile(fileOf(workDir), JSON.stringify(notes), { mode: 0o640 });

/** Undefined when they are gone: the application may write in its folder whatever it likes. */
export async function readNotes(workDir: string): Promise<Notes | undefined> {
  try {
    return Notes.parse(JSON.parse(await readFile(fileOf(workDir), 'utf8')));
  } catch {
    return undefined;
  }
}
