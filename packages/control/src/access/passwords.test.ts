import { expect, it } from 'vitest';
import { Passwords, parseHash, standardCost } from './passwords.ts';

const cheap = { N: 2 ** 10, r: 8, p: 1 };

it('verifies the right password only, also in another Unicode form', async () => {
  const passwords = new Passwords(cheap);
  const stored = await passwords.hash('pass caf\u00e9 渲染');
  expect(await passwords.verify('pass cafe\u0301 渲染', stored)).toEqual({ ok: true, stale: false });
  expect(await passwords.verify('pass cafe 渲染', stored)).toEqual({ ok: false, stale: false });
});

it('salts: the same password is never stored the same', async () => {
  const passwords = new Passwords(cheap);
  expect(await passwords.hash('the same one')).not.toBe(await passwords.hash('the same one'));
});

it('verifies hashes of another cost and says that they are due for a new one', async () => {
  const stored = await new Passwords(cheap).hash('an old password');
  const dearer = new Passwords({ ...cheap, p: 2 });
  expect(await dearer.verify('an old password', stored)).toEqual({ ok: true, stale: true });
  expect(await dearer.verify('a wrong password', stored)).toEqual({ ok: false, stale: false });
});

it('does the same work when there is no password to compare with', async () => {
  const passwords = new Passwords();
  await passwords.hash('warm up');
  const time = async (stored: string | null) => {
    const started = performance.now();
    expect((await passwords.verify('something', stored)).ok).toBe(false);
    return performance.now() - started;
  };
  const stored = await passwords.hash('another');
  const [known, unknown, broken] = [await time(stored), await time(null), await time('garbage')];
  // Half is far from equal, and far from the microsecond that a missing hash would take otherwise.
  expect(unknown).toBeGreaterThan(known / 2);
  expect(broken).toBeGreaterThan(known / 2);
});

it('keeps what it promises about cost in the stored hash', async () => {
  const parsed = parseHash(await new Passwords().hash('x'));
  expect(parsed).toMatchObject(standardCost);
  expect(parsed?.salt).toHaveLength(16);
  expect(parsed?.key).toHaveLength(32);
});

it.each(['', 'scrypt', 'bcrypt$1$1$1$a$b', 'scrypt$0$8$1$a$b', 'scrypt$x$8$1$a$b', 'scrypt$1024$8$1$a$b$c'])(
  'does not take %j for a hash',
  (text) => {
    expect(parseHash(text)).toBeUndefined();
  },
);

it('works through a flood without running more than a few at a time', async () => {
  const passwords = new Passwords(cheap);
  const stored = await passwords.hash('right');
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, index) => passwords.verify(index % 2 ? 'right' : 'wrong', stored)),
  );
  expect(results.filter(({ ok }) => ok)).toHaveLength(25);
});
