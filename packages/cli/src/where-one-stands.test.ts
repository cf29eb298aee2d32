import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { whereOneStands } from './where-one-stands.ts';

const root = resolve(import.meta.dirname, '../../..');

describe('paths that a person types', () => {
  it.each([
    [{}, '/here'],
    [{ INIT_CWD: '/there' }, '/here'],
    [{ INIT_CWD: '/there', npm_lifecycle_event: 'backlot' }, '/there'],
    // Of another script of npm's, which has started us with its environment.
    [{ INIT_CWD: '/there', npm_lifecycle_event: 'test' }, '/here'],
    [{ INIT_CWD: '', npm_lifecycle_event: 'backlot' }, '/here'],
  ])('start where one stands: %j', (env, folder) => {
    expect(whereOneStands(env, '/here')).toBe(folder);
  });

  it('do so through npm, from any folder', () => {
    const folder = mkdtempSync(join(tmpdir(), 'backlot-stands-'));
    try {
      writeFileSync(join(folder, 'mine.yaml'), 'version: 1\nname: [');
      const run = () =>
        execFileSync('npm', ['--prefix', root, 'run', '-s', 'backlot', '--', 'flows', 'apply', 'mine.yaml'], {
          cwd: folder,
          encoding: 'utf8',
          stdio: 'pipe',
          timeout: 60_000,
          env: {
            PATH: process.env.PATH,
            HOME: folder,
            LANG: 'C.UTF-8',
            BACKLOT_URL: 'http://127.0.0.1:9',
            BACKLOT_TOKEN: 'x',
          },
        });
      // The file was found and read: it goes on to the control plane, which is not there.
      expect(run).toThrow(/can't be reached/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
