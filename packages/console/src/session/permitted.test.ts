import { expect, it } from 'vitest';
import { permitted } from './permitted.ts';

it.each([
  [{ '*': ['nodes.operate'] }, undefined, true],
  [{ '*': ['nodes.operate'] }, 'p1', true],
  [{ p1: ['nodes.operate'] }, 'p1', true],
  [{ p1: ['nodes.operate'] }, 'p2', false],
  [{ p1: ['nodes.operate'] }, undefined, true],
  [{ '*': ['jobs.read'] }, 'p1', false],
  [{}, undefined, false],
])('%j in project %s may operate nodes: %s', (permissions, projectId, expected) => {
  expect(permitted(permissions, 'nodes.operate', projectId)).toBe(expected);
});
