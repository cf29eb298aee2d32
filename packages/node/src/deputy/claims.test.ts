import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatLine } from '../journal/record-lines.ts';
import { type Claim, Claims } from './claims.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-claims-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a claim', () => {
  it('is the first one’s, whoever asks how often and in whatever order, also after a restart', async () => {
    const request = fc.record({
      key: fc.constantFrom('a', 'b', 'c'),
      by: fc.constantFrom<Claim[]>('mine', 'yours'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(request, { maxLength: 20 }), fc.nat(20), async (requests, restart) => {
        const path = join(await mkdtemp(join(folder, 'run-')), 'claims');
        let claims = await Claims.open(path, 0);
        const first = new Map<string, Claim>();
        for (const [index, { key, by }] of requests.entries()) {
          if (index === restart) {
            await claims.close();
            claims = await Claims.open(path, 0);
          }
          if (!first.has(key)) first.set(key, by);
          expect(await claims.claim(key, by, 0)).toBe(first.get(key));
        }
        for (const [key, by] of first) expect(claims.of(key)).toBe(by);
        await claims.close();
      }),
      { numRuns: 30 },
    );
  });

  it('of both at once is one’s', async () => {
    const claims = await Claims.open(join(folder, 'claims'), 0);
    const answers = await Promise.all([
      claims.claim('key', 'mine', 0),
      claims.claim('key', 'yours', 0),
      claims.claim('key', 'yours', 0),
    ]);
    expect(new Set(answers)).toEqual(new Set(['mine']));
    await claims.close();
  });

  it('goes back to the control plane for good when the run is lost, and stays the node’s when it was told', async () => {
    const path = join(folder, 'claims');
    let claims = await Claims.open(path, 0);
    await claims.claim('lost', 'mine', 0);
    await claims.claim('told', 'mine', 0);
    await claims.told('told', 1);
    expect(await claims.giveBack('lost', 1)).toBe('yours');
    await claims.told('lost', 2);
    for (const _restart of [1, 2]) {
      expect(await claims.claim('lost', 'mine', 3)).toBe('yours');
      expect(await claims.claim('told', 'yours', 3)).toBe('mine');
      expect([claims.isTold('lost'), claims.isTold('told')]).toEqual([false, true]);
      await claims.close();
      claims = await Claims.open(path, 3);
    }
    await claims.close();
  });

  it('of long ago is forgotten, and the file does not grow for ever', async () => {
    const path = join(folder, 'claims');
    const old = Array.from({ length: 2_000 }, (_, index) =>
      formatLine({ key: `old-${index}`, claim: 'yours', at: 0 }),
    );
    const now = 61 * 24 * 3_600_000;
    await writeFile(path, [...old, formatLine({ key: 'new', claim: 'mine', at: now - 1_000 })].join(''));
    const claims = await Claims.open(path, now);
    expect(claims.of('old-1')).toBeUndefined();
    expect(claims.of('new')).toBe('mine');
    await claims.claim('later', 'yours', now);
    await claims.close();
    expect((await readFile(path, 'utf8')).trim().split('\n')).toHaveLength(2);
    if (process.platform !== 'win32') expect((await stat(path)).mode & 0o077).toBe(0);
    const again = await Claims.open(path, now);
    expect([again.of('new'), again.of('later')]).toEqual(['mine', 'yours']);
    await again.close();
  });
});
