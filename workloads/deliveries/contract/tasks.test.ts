import { expect, it } from 'vitest';
import { CommandParameters } from './tasks.ts';

it.each([
  [['--title', 'a"; touch x & $(id)'], true],
  [['电影\n二'], true],
  [['a\0b'], false],
])('a command takes %j as arguments: %s', (args, taken) =>
  expect(CommandParameters.safeParse({ command: 'label', args }).success).toBe(taken),
);
