import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type HostedAllocation, serveHost } from '@backlot/node/host-process';

/** Pieces that were cut, written down before they are told: what a recorder does that must survive its own death. */
function cutBefore(workDir: string): number {
  try {
    return readFileSync(join(workDir, 'ledger'), 'utf8').length;
  } catch {
    return 0;
  }
}

async function tell({ input, workDir, report }: HostedAllocation, number: number): Promise<void> {
  const text = `${input.word} ${number}\n`;
  await report({
    outputs: [
      {
        name: `t${input.fence}/piece-${number}.txt`,
        kind: 'piece',
        path: `piece-${number}.txt`,
        mediaType: 'text/plain',
        meta: { number },
        digest: createHash('sha256').update(text).digest('hex'),
      },
    ],
    events: [
      { key: `piece-${number}`, kind: 'tiny.piece', at: new Date().toISOString(), body: { number, workDir } },
    ],
  });
}

await serveHost({
  async start(allocation) {
    const { workDir, signal } = allocation;
    // Told once more after a death: nobody knows which of them were heard.
    for (let number = 1; number <= cutBefore(workDir); number += 1) await tell(allocation, number);
    if (!signal.aborted)
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    return { pieces: cutBefore(workDir) };
  },
  async call(allocation, method) {
    const { workDir, input } = allocation;
    if (method === 'tiny.die') process.kill(process.pid, 'SIGKILL');
    if (method === 'tiny.pid') return { pid: process.pid, disk: allocation.disk() };
    const number = cutBefore(workDir) + 1;
    await writeFile(join(workDir, `piece-${number}.txt`), `${input.word} ${number}\n`);
    appendFileSync(join(workDir, 'ledger'), '.');
    // Not waited for: who cuts goes on at once, whoever is away.
    void tell(allocation, number);
    return { number, pid: process.pid };
  },
});
