import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { applyEdits, copySources } from './mediasoup-worker/build.mjs';
import { archiveName, downloadWorker } from './mediasoup-worker/download.mjs';
import { alone } from './mediasoup-worker/lock.mjs';
import { edits, packageFolder, recipeDigest, version, workerFolder } from './mediasoup-worker/recipe.mjs';

const folder = mkdtempSync(join(tmpdir(), 'backlot-recipe-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the recipe of the media worker', () => {
  it('is for the mediasoup that is installed', () => {
    const installed = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
    expect(installed.version).toBe(version);
  });

  it('applies to the sources of that package, the DTLS edit among them, and brings nothing from the network', () => {
    const sources = join(folder, 'worker');
    expect(copySources(sources)).toBeUndefined();
    const dtls = readFileSync(join(sources, 'src/RTC/DtlsTransport.cpp'), 'utf8');
    expect(dtls).toContain('(operationType & BIO_CB_RETURN) != 0');
    for (const { file, from } of edits) expect(readFileSync(join(sources, file), 'utf8')).not.toMatch(from);
    expect(readFileSync(join(sources, 'subprojects/unordered_dense.wrap'), 'utf8')).not.toMatch(/url/);
  });

  it('builds nothing when an edit no longer applies, and says which', () => {
    const sources = join(folder, 'other');
    mkdirSync(sources);
    writeFileSync(join(sources, 'meson.build'), "meson_version: '>= 9.0.0'");
    const problem = applyEdits(sources, edits);
    expect(problem).toContain('meson.build');
    expect(readFileSync(join(sources, 'meson.build'), 'utf8')).toContain('9.0.0');
  });

  it('gives each recipe a folder of its own, in the user’s cache or else in the repository’s', () => {
    const cache = join(folder, 'cache');
    expect(workerFolder({ XDG_CACHE_HOME: cache, LOCALAPPDATA: cache, HOME: folder })).toContain(
      `${version}-${recipeDigest()}`,
    );
    // A file in the place of the cache: nothing can be written there.
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(workerFolder({ XDG_CACHE_HOME: file, LOCALAPPDATA: file, HOME: file })).toContain(
      join('.cache', 'mediasoup-worker'),
    );
  });
});

describe('the download', () => {
  it('asks for the archive of this machine, and gives up at once where there is no way', async () => {
    expect(archiveName()).toContain(`mediasoup-worker-${version}-${process.platform}-${process.arch}`);
    const before = process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL;
    // Port 9 of loopback: nobody listens.
    process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL = 'http://127.0.0.1:9';
    try {
      expect(await downloadWorker(join(folder, 'downloaded'))).toBe(false);
    } finally {
      if (before === undefined) delete process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL;
      else process.env.MEDIASOUP_WORKER_PREBUILT_DOWNLOAD_BASE_URL = before;
    }
  });
});

describe('the lock', () => {
  it('lets one work at a time, in turn', async () => {
    const lock = join(folder, 'lock');
    const order = [];
    const work = (name) => async () => {
      order.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, 20));
      order.push(`${name} ends`);
      return name;
    };
    const results = await Promise.all([
      alone(lock, 60_000, undefined, work('a')),
      alone(lock, 60_000, undefined, work('b')),
    ]);
    expect(results.toSorted()).toEqual(['a', 'b']);
    expect(order.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends']);
  });

  it('of a process that is gone is nobody’s, and one that is held is waited for only so long', async () => {
    const lock = join(folder, 'left');
    mkdirSync(lock);
    // No process has this number (Linux: at most 2^22).
    writeFileSync(join(lock, 'pid'), '99999999');
    expect(await alone(lock, 60_000, undefined, async () => 'done')).toBe('done');
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    expect(await alone(lock, 1, undefined, async () => 'done')).toBeUndefined();
  });
});
