import { expect, it } from 'vitest';
import { Turnstile } from './turnstile.ts';

it('lets a few through at a time, streamers first, and forgets those who have gone', async () => {
  const turnstile = new Turnstile(2);
  const order: string[] = [];
  const open = new Map<string, () => void>();
  const pass = (who: 'streamer' | 'player', name: string, wanted = true) =>
    turnstile.pass(
      who,
      () => wanted,
      async () => {
        order.push(name);
        await new Promise<void>((resolve) => open.set(name, resolve));
        return name;
      },
    );
  const all = [
    pass('player', 'p1'),
    pass('player', 'p2'),
    pass('player', 'p3'),
    pass('player', 'gone', false),
    pass('streamer', 's1'),
  ];
  await Promise.resolve();
  expect(order).toEqual(['p1', 'p2']);
  expect(turnstile.waiting).toBe(3);
  for (const name of ['p1', 's1', 'p2', 'p3']) {
    while (!open.has(name)) await new Promise((resolve) => setImmediate(resolve));
    open.get(name)?.();
  }
  expect(await Promise.all(all)).toEqual(['p1', 'p2', 'p3', undefined, 's1']);
  expect(order).toEqual(['p1', 'p2', 's1', 'p3']);
});

it('gives its place back when what it let through fails', async () => {
  const turnstile = new Turnstile(1);
  const fails = turnstile.pass(
    'player',
    () => true,
    async () => {
      throw new Error('no');
    },
  );
  await expect(fails).rejects.toThrow('no');
  expect(
    await turnstile.pass(
      'player',
      () => true,
      async () => 'yes',
    ),
  ).toBe('yes');
});
