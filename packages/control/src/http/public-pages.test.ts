import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { createTestFront, type TestFront } from '@backlot/testkit/test-front';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { registerPublicPages } from './public-pages.ts';

let dist: string;
let database: TestDatabase;
let front: TestFront;
beforeAll(async () => {
  dist = await mkdtemp(join(tmpdir(), 'backlot-pages-'));
  await mkdir(join(dist, 'pages', 'tiny', 'assets'), { recursive: true });
  await writeFile(join(dist, 'index.html'), '<!doctype html><div id="console"></div>');
  await writeFile(join(dist, 'pages', 'tiny', 'index.html'), '<!doctype html><div id="player"></div>');
  await writeFile(join(dist, 'pages', 'tiny', 'assets', 'player-abc123.js'), 'console.log(1)');
  database = await createTestDatabase();
  front = await createTestFront({
    database,
    consoleDir: dist,
    extend({ http: { app } }) {
      const pages = [
        { path: '/t/:thing', framed: true },
        { path: '/u/:thing', framed: false },
      ];
      registerPublicPages(app, { workload: 'tiny', pages, consoleDir: dist });
      registerPublicPages(app, {
        workload: 'absent',
        pages: [{ path: '/v/:thing', framed: true }],
        consoleDir: dist,
      });
    },
  });
});
afterAll(async () => {
  await front.close();
  await database.close();
  await rm(dist, { recursive: true });
});

describe('a public page', () => {
  it('is answered at every address of its own, to anyone, whatever they accept', async () => {
    for (const accept of ['text/html', '*/*']) {
      const answer = await front.app.inject({ url: '/t/some-app?StreamerId=1', headers: { accept } });
      expect(answer.statusCode).toBe(200);
      expect(answer.body).toContain('id="player"');
      expect(answer.headers['cache-control']).toBe('no-cache');
    }
  });

  it('may be framed by other sites only where it says so', async () => {
    const framed = (await front.app.inject({ url: '/t/a' })).headers;
    expect(framed['content-security-policy']).toContain('frame-ancestors *');
    expect(framed['x-frame-options']).toBeUndefined();
    const alone = (await front.app.inject({ url: '/u/a' })).headers;
    expect(alone['content-security-policy']).toContain("frame-ancestors 'none'");
    expect(alone['x-frame-options']).toBe('DENY');
    for (const { 'content-security-policy': policy } of [framed, alone])
      expect(policy).not.toContain('unsafe');
  });

  it('has files that never change, and never stands in for one that is missing', async () => {
    const file = await front.app.inject({ url: '/pages/tiny/assets/player-abc123.js' });
    expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable');
    const missing = await front.app.inject({ url: '/pages/tiny/nothing', headers: { accept: 'text/html' } });
    expect(missing.statusCode).toBe(404);
  });

  it('says in a sentence that it has not been built', async () => {
    const answer = await front.app.inject({ url: '/v/a', headers: { 'accept-language': 'zh-CN' } });
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain('lang="zh-CN"');
  });
});
