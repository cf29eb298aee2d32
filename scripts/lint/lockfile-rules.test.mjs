import { expect, it } from 'vitest';
import { findDrift, findHoles } from './lockfile-rules.mjs';

const whole = {
  '': { dependencies: { a: '1' }, devDependencies: { tool: '1' } },
  'packages/x': { dependencies: { b: '1' }, optionalDependencies: { 'b-win': '1' } },
  'node_modules/x': { link: true },
  'node_modules/a': { dependencies: { c: '2' }, devDependencies: { never: '1' } },
  'node_modules/a/node_modules/c': {},
  'node_modules/b': {},
  'node_modules/b-win': {},
  'node_modules/tool': {},
};

it('has nothing against a whole lockfile', () => {
  expect(findHoles(whole)).toEqual([]);
});

it.each(['node_modules/a/node_modules/c', 'node_modules/b-win', 'node_modules/tool'])('misses %s', (path) => {
  const { [path]: _gone, ...rest } = whole;
  expect(findHoles(rest)).toHaveLength(1);
});

it('notices a manifest that the lockfile does not know yet', () => {
  const manifests = {
    '': whole[''],
    'packages/x': { dependencies: { b: '2' }, optionalDependencies: { 'b-win': '1' } },
  };
  expect(findDrift(whole, (path) => manifests[path])).toEqual([
    'dependencies of packages/x are not those in the lockfile: run npm install.',
  ]);
  expect(findDrift(whole, (path) => (path === '' ? whole[''] : undefined))).toHaveLength(1);
});
