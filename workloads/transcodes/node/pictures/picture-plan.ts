import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** What `prepare` has decided and `conclude` must know, also in another agent. */
const PicturePlan = z.object({ times: z.array(z.number()), timestamps: z.boolean() });
export type PicturePlan = z.infer<typeof PicturePlan>;

const FILE = 'plan.json';

export async function writePlan(workDir: string, plan: PicturePlan): Promise<void> {
  await writeFile(join(workDir, FILE), JSON.stringify(plan));
}

export async function readPlan(workDir: string): Promise<PicturePlan> {
  return PicturePlan.parse(JSON.parse(await readFile(join(workDir, FILE), 'utf8')));
}
