import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@backlot/contract/clock';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolverAdapter } from '../node/resolvers/resolver-adapter.ts';
import type { SourceConnection, SourceSpecLike } from '../node/source-port.ts';
import { openContext } from './sources/collect.ts';
import { HlsOrigin } from './sources/hls-origin.ts';
import { makeSample } from './sources/sample.ts';

const has = (name: string) => spawnSync(name, ['--version'], { timeout: 60_000 }).status === 0;
const there = (['streamlink', 'yt-dlp'] as const).filter(has);
for (const name of ['streamlink', 'yt-dlp'] as const)
  if (!there.includes(name)) console.warn(`Skipped: ${name} is not installed (apt-get install ${name}).`);

let folder: string;
let origin: HlsOrigin;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backlot-resolvers-'));
  const sample = makeSample(folder, { seconds: 4, gopSeconds: 1 });
  origin = await HlsOrigin.open({ sample, folder: join(folder, 'hls') });
});
afterAll(async () => {
  await origin.close();
  rmSync(folder, { recursive: true, force: true });
});

const connection: SourceConnection = { container: 'ts', facts: { address: '' }, start() {}, close() {} };

describe.each(there)('%s', (resolver) => {
  const spec = (url: string) => ({ kind: 'resolver', resolver, url });
  const context = (asked: SourceSpecLike[], qualities: readonly string[] = []) =>
    openContext(join(folder, 'scratch'), {
      clock: systemClock,
      qualities,
      delegate: async (other) => {
        asked.push(other);
        return connection;
      },
    });

  it('finds the stream behind an address, in the quality that is wanted, anew each time', async () => {
    const adapter = resolverAdapter();
    const asked: SourceSpecLike[] = [];
    const live = await adapter.probe?.(spec(`${origin.base}/master.m3u8`), context(asked));
    expect(live).toMatchObject({ state: 'live' });
    await adapter.open(spec(`${origin.base}/master.m3u8`), context(asked));
    const before = origin.asked.length;
    await adapter.open(spec(`${origin.base}/master.m3u8`), context(asked, ['360p']));
    expect(origin.asked.length).toBeGreaterThan(before);
    expect(asked.map(({ kind, url }) => [kind, url?.replace(origin.base, '')])).toEqual([
      ['hls', '/live.m3u8?quality=720p'],
      ['hls', '/live.m3u8?quality=360p'],
    ]);
  });

  it('says offline in words, and reads no configuration of a person', async () => {
    // Both tools would fail at these, were they read.
    const home = join(folder, 'scratch', 'person');
    for (const [where, text] of [
      ['.config/streamlink/config', 'no-such-option=1'],
      ['.config/yt-dlp/config', '--no-such-option'],
    ] as const) {
      mkdirSync(join(home, where, '..'), { recursive: true });
      writeFileSync(join(home, where), `${text}\n`);
    }
    const asked: SourceSpecLike[] = [];
    const env = { ...process.env, HOME: home, XDG_CONFIG_HOME: join(home, '.config') };
    const found = await resolverAdapter().probe?.(spec(`${origin.base}/gone.m3u8`), {
      ...context(asked),
      env,
    });
    expect(found).toMatchObject({ state: 'offline', reason: { code: 'recordings.source.not_live' } });
  });

  it('gets the address as data', async () => {
    const trap = join(folder, 'trap');
    const url = `${origin.base}/live.m3u8?$(touch%20${trap});touch+${trap}|--exec=touch`;
    await resolverAdapter().probe?.(spec(url), context([]));
    expect(existsSync(trap)).toBe(false);
    for (const bad of ['--exec=touch', 'file:///etc/passwd', 'hls://file:///etc/passwd', 'https://h/ --x'])
      await expect(resolverAdapter().probe?.(spec(bad), context([]))).rejects.toMatchObject({
        why: 'unusable',
      });
  });
});

describe('a resolver that is not there', () => {
  it('is said so, with what to do', async () => {
    const env = { ...process.env, BACKLOT_STREAMLINK: '/nowhere/streamlink' };
    const opening = resolverAdapter().open(
      { kind: 'resolver', resolver: 'streamlink', url: 'https://example.invalid/' } as SourceSpecLike,
      openContext(join(folder, 'scratch'), { clock: systemClock, env }),
    );
    await expect(opening).rejects.toThrow(/Install it, or set BACKLOT_STREAMLINK/);
  });
});
