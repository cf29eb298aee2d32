import { createHash } from 'node:crypto';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Findings } from '@backlot/contract';
import { type Clock, systemClock } from '@backlot/contract/clock';
import { newId } from '@backlot/contract/id';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Report } from '../workload.ts';
import { FindingsPost } from './findings-post.ts';
import { Holdings, trashMs } from './holdings.ts';
import { fromLetters, mostFound, toLetters } from './letters.ts';

const log = pino({ level: 'silent' });
const never = new AbortController().signal;
let base: string;
let now: number;
let clock: Clock;
let holdings: Holdings;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'backlot-holdings-'));
  now = Date.parse('2026-01-01T00:00:00Z');
  clock = { ...systemClock, now: () => now };
  holdings = await open();
});
afterEach(async () => {
  await holdings.close();
  await rm(base, { recursive: true, force: true });
});
const open = () => Holdings.open({ folder: join(base, 'holdings'), clock, log });
/** Another agent on the same folder. */
async function again() {
  await holdings.close();
  holdings = await open();
}

function finder() {
  const allocation = newId();
  const workDir = join(base, allocation, 'work');
  mkdirSync(workDir, { recursive: true });
  return { allocation, fence: 1, task: newId(), workDir };
}
const digestOf = (text: string) => createHash('sha256').update(text).digest('hex');
function segment(workDir: string, name: string, text: string, more: object = {}) {
  writeFileSync(join(workDir, name), text);
  return { name, kind: 'segment', path: name, mediaType: 'video/mp2t', meta: { name }, ...more };
}
const fact = (key: string) => ({
  key,
  kind: 'tiny.piece',
  at: '2026-01-01T00:00:00.000Z',
  body: { key },
});

/** The post with a control plane that can be away, or refuse. */
function openPost() {
  const arrived: Findings[] = [];
  const told: string[] = [];
  const control = { answer: async (body: Findings): Promise<void> => void arrived.push(body) };
  const post = new FindingsPost({
    holdings,
    clock,
    log,
    told: (allocation) => told.push(allocation),
    link: {
      async request(_type, body) {
        await control.answer(body);
        const { allocation, fence } = body;
        return { v: 1, t: 'ack', b: { allocation, fence, seq: 0, verdict: 'applied' } } as never;
      },
    },
  });
  return { post, arrived, told, control };
}

describe('holdings', () => {
  it('take a file away from the work folder by its content, hashed here or by whoever wrote it', async () => {
    const owner = finder();
    const plain = segment(owner.workDir, 'a.ts', 'first');
    const hashed = segment(owner.workDir, 'b.ts', 'second', { digest: digestOf('second') });
    await holdings.take(owner, owner.workDir, [plain, hashed], () => [], never);
    for (const text of ['first', 'second']) {
      expect(readFileSync(holdings.pathOf(digestOf(text)), 'utf8')).toBe(text);
      expect(await holdings.find(digestOf(text), text.length)).toBe(holdings.pathOf(digestOf(text)));
    }
    expect(existsSync(join(owner.workDir, 'a.ts'))).toBe(false);
    expect(holdings.held).toEqual({ files: 2, bytes: 11 });
    await again();
    expect(holdings.held).toEqual({ files: 2, bytes: 11 });
    expect(holdings.ofTask(owner.task).map(({ name, kind, meta }) => ({ name, kind, meta }))).toEqual([
      { name: 'a.ts', kind: 'segment', meta: { name: 'a.ts' } },
      { name: 'b.ts', kind: 'segment', meta: { name: 'b.ts' } },
    ]);
  });

  it('take the same bytes from many tasks at once: two channels may record one source', async () => {
    for (let round = 0; round < 20; round += 1) {
      const text = `the bytes of round ${round}`;
      const finders = Array.from({ length: 6 }, finder);
      const files = finders.map(({ workDir }) => segment(workDir, 's1', text, { digest: digestOf(text) }));
      const taken = await Promise.allSettled(
        finders.map(({ workDir, ...owner }, index) =>
          holdings.take(owner, workDir, files.slice(index, index + 1), () => [], never),
        ),
      );
      expect(taken.flatMap((one) => (one.status === 'rejected' ? String(one.reason) : []))).toEqual([]);
      expect(await holdings.find(digestOf(text), text.length)).toBeDefined();
      for (const { task, workDir } of finders) {
        expect(holdings.ofTask(task)).toMatchObject([{ name: 's1', digest: digestOf(text) }]);
        expect(existsSync(join(workDir, 's1'))).toBe(false);
      }
    }
  });

  it('find what they have done when a crash has cut the taking anywhere', async () => {
    const owner = finder();
    const file = segment(owner.workDir, 'a.ts', 'text', { digest: digestOf('text') });
    // After the link and before anything was written down.
    const place = holdings.pathOf(digestOf('text'));
    mkdirSync(join(place, '..'), { recursive: true });
    linkSync(join(owner.workDir, 'a.ts'), place);
    await holdings.take(owner, owner.workDir, [file], () => [], never);
    // After it was written down and before the file was removed, and long after.
    linkSync(place, join(owner.workDir, 'a.ts'));
    let fresh = -1;
    await holdings.take(
      owner,
      owner.workDir,
      [file],
      (files) => {
        fresh = files.length;
        return [];
      },
      never,
    );
    expect(fresh).toBe(0);
    await holdings.take(owner, owner.workDir, [file], () => [], never);
    expect(existsSync(join(owner.workDir, 'a.ts'))).toBe(false);
    expect(holdings.held).toEqual({ files: 1, bytes: 4 });
    expect((await stat(place)).nlink).toBe(1);
  });

  it('take nothing but plain files of the work folder', async () => {
    const owner = finder();
    writeFileSync(join(base, 'secret'), 'secret');
    symlinkSync(join(base, 'secret'), join(owner.workDir, 'link'));
    linkSync(join(base, 'secret'), join(owner.workDir, 'hard'));
    mkdirSync(join(owner.workDir, 'folder'));
    for (const path of ['link', 'hard', 'folder', '../../secret', 'missing']) {
      const file = { name: 'x', kind: 'x', path, mediaType: 'text/plain' };
      await expect(holdings.take(owner, owner.workDir, [file], () => [], never)).rejects.toMatchObject({
        code: 'output_not_plain',
      });
    }
    expect(holdings.held.files).toBe(0);
  });

  it('do not hand out what somebody has written to', async () => {
    const owner = finder();
    await holdings.take(owner, owner.workDir, [segment(owner.workDir, 'a.ts', 'text')], () => [], never);
    writeFileSync(holdings.pathOf(digestOf('text')), 'evil');
    expect(await holdings.find(digestOf('text'), 4)).toBeUndefined();
  });

  it('keep what was thrown away for a day, unless it is needed, and give it back', async () => {
    const owner = finder();
    const [one, two] = [digestOf('one'), digestOf('two')];
    const files = [segment(owner.workDir, '1', 'one'), segment(owner.workDir, '2', 'two')];
    await holdings.take(owner, owner.workDir, files, () => [], never);
    expect(await holdings.discard([one, two], (digest) => digest === two)).toEqual([
      { digest: one, state: 'trashed' },
      { digest: two, state: 'kept' },
    ]);
    expect(await holdings.discard([one], () => false)).toEqual([{ digest: one, state: 'trashed' }]);
    expect(await holdings.find(one, 3)).toBeUndefined();
    expect(holdings.trash).toEqual({ files: 1, bytes: 3 });
    now += trashMs - 1_000;
    expect(await holdings.emptyTrash()).toBe(0);
    expect(await holdings.restore([one])).toEqual([{ digest: one, state: 'held' }]);
    expect(await holdings.find(one, 3)).toBeDefined();
    await holdings.discard([one], () => false);
    await again();
    now += trashMs + 1_000;
    expect(await holdings.emptyTrash()).toBe(1);
    expect(await holdings.restore([one])).toEqual([{ digest: one, state: 'gone' }]);
    expect(await holdings.discard([one], () => false)).toEqual([{ digest: one, state: 'gone' }]);
    expect(holdings.held).toEqual({ files: 1, bytes: 3 });
  });

  it('keep what is taken back, or taken anew, while the trash is emptied', async () => {
    const owner = finder();
    const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`);
    const digests = texts.map(digestOf);
    const files = () => texts.map((text, index) => segment(owner.workDir, `${index}`, text));
    await holdings.take(owner, owner.workDir, files(), () => [], never);
    await holdings.discard(digests, () => false);
    now += trashMs + 1_000;
    const emptying = holdings.emptyTrash();
    const restored = await holdings.restore(digests);
    await emptying;
    const agreed = async () => {
      for (const [index, digest] of digests.entries()) {
        const there = (await holdings.find(digest, texts[index]?.length ?? 0)) !== undefined;
        expect(holdings.ledger.find(digest)?.state === 'held').toBe(there);
      }
    };
    await agreed();
    for (const { digest, state } of restored) {
      expect(holdings.ledger.find(digest)?.state).toBe(state === 'held' ? 'held' : undefined);
    }

    // Told under the names that they had before.
    await holdings.take(owner, owner.workDir, files(), () => [], never);
    await holdings.discard(digests, () => false);
    now += trashMs + 1_000;
    await Promise.all([
      holdings.emptyTrash(),
      holdings.take(owner, owner.workDir, files(), () => [], never),
      holdings.restore(digests),
    ]);
    await agreed();
    expect(holdings.held.files).toBe(20);
    await Promise.all([
      holdings.discard(digests, () => false),
      holdings.take(owner, owner.workDir, files(), () => [], never),
    ]);
    await agreed();
  });

  describe('of bytes that came anew while they were in the trash', () => {
    const digest = digestOf('one');
    const inTrash = () => existsSync(join(base, 'holdings', 'trash', digest));
    const owner = finder;
    const take = async ({ workDir, ...of }: ReturnType<typeof finder>) =>
      holdings.take(of, workDir, [segment(workDir, '1', 'one')], () => [], never);

    it('leave no copy there, whether or not they are taken back', async () => {
      await take(owner());
      await holdings.discard([digest], () => false);
      await take(owner());
      expect(inTrash()).toBe(false);
      expect(holdings.trash).toEqual({ files: 0, bytes: 0 });
      expect(await holdings.restore([digest])).toEqual([{ digest, state: 'held' }]);
      expect(inTrash()).toBe(false);
      expect(await holdings.find(digest, 3)).toBeDefined();
    });

    it('are rid of the copy that an agent left when it died in between', async () => {
      await take(owner());
      writeFileSync(join(base, 'holdings', 'trash', digest), 'one');
      await again();
      expect(await holdings.emptyTrash()).toBe(0);
      expect(inTrash()).toBe(false);
      expect(await holdings.find(digest, 3)).toBeDefined();
    });

    it('are taken back from the trash when what came anew is damaged', async () => {
      await take(owner());
      await holdings.discard([digest], () => false);
      mkdirSync(join(base, 'holdings', digest.slice(0, 2)), { recursive: true });
      writeFileSync(holdings.pathOf(digest), 'on');
      expect(await holdings.restore([digest])).toEqual([{ digest, state: 'held' }]);
      expect(await holdings.find(digest, 3)).toBeDefined();
      expect(inTrash()).toBe(false);
    });

    it('are held, and not in the trash, when the ledger is made anew', async () => {
      await take(owner());
      writeFileSync(join(base, 'holdings', 'trash', digest), 'one');
      await holdings.close();
      for (const end of ['', '-wal', '-shm'])
        rmSync(join(base, 'holdings', `ledger.sqlite${end}`), { force: true });
      writeFileSync(
        join(base, 'holdings', 'ledger.sqlite'),
        'no database at all, and longer than a header is',
      );
      holdings = await open();
      expect(holdings.held).toEqual({ files: 1, bytes: 3 });
      expect(inTrash()).toBe(false);
    });
  });

  it('make a ledger anew that can’t be read, from the files that are there', async () => {
    const owner = finder();
    await holdings.take(owner, owner.workDir, [segment(owner.workDir, 'a', 'text')], () => [], never);
    await holdings.close();
    for (const end of ['-wal', '-shm']) rmSync(join(base, `holdings/ledger.sqlite${end}`), { force: true });
    writeFileSync(
      join(base, 'holdings/ledger.sqlite'),
      'this is no database, but it is long enough to look at',
    );
    holdings = await open();
    expect(holdings.held).toEqual({ files: 1, bytes: 4 });
    expect(await holdings.find(digestOf('text'), 4)).toBeDefined();
  });
});

describe('the post', () => {
  const report = async (post: FindingsPost, owner: ReturnType<typeof finder>, one: Report) =>
    post.report(owner, one, never);

  it('tells in order, and together what has gathered while nobody was there', async () => {
    const { post, arrived, told, control } = openPost();
    const owner = finder();
    const working = control.answer;
    control.answer = () => Promise.reject(new Error('away'));
    for (let number = 0; number < 50; number += 1) {
      const file = segment(owner.workDir, `s${number}`, `bytes ${number}`);
      await report(post, owner, { outputs: [file], events: [fact(`f${number}`)] });
    }
    expect(post.pending(owner.allocation)).toBe(true);
    control.answer = working;
    post.kick();
    await vi.waitFor(() => expect(told).toContain(owner.allocation), 10_000);
    expect(post.pending(owner.allocation)).toBe(false);
    const numbers = Array.from({ length: 50 }, (_, number) => number);
    expect(arrived.flatMap(({ outputs }) => outputs.map(({ name }) => name))).toEqual(
      numbers.map((n) => `s${n}`),
    );
    expect(arrived.flatMap(({ facts }) => facts.map(({ key }) => key))).toEqual(numbers.map((n) => `f${n}`));
    expect(arrived.every(({ outputs }) => outputs.every(({ held }) => held))).toBe(true);
    expect(arrived.length).toBeLessThan(10);
    await post.close();
  });

  it('goes on after a death with what was not answered', async () => {
    const first = openPost();
    const owner = finder();
    first.control.answer = () => Promise.reject(new Error('away'));
    await report(first.post, owner, { outputs: [segment(owner.workDir, 'a', 'a')], events: [fact('f')] });
    await first.post.close();
    await again();
    const second = openPost();
    expect(second.post.pending(owner.allocation)).toBe(true);
    second.post.kick();
    await vi.waitFor(() => expect(second.told).toEqual([owner.allocation]), 10_000);
    expect(second.arrived).toMatchObject([{ allocation: owner.allocation, facts: [{ key: 'f' }] }]);
    await second.post.close();
  });

  it('refuses a fact that can’t be told, and tells nothing of that report', async () => {
    const { post, arrived } = openPost();
    const owner = finder();
    const long = { ...fact('long'), body: { text: 'x'.repeat(20_000) } };
    for (const bad of [long, { ...fact('k'), kind: 'no workload' }, { ...fact('k'), at: 'yesterday' }]) {
      await expect(report(post, owner, { events: [bad] })).rejects.toMatchObject({ code: 'report_refused' });
    }
    expect(arrived).toEqual([]);
    await post.close();
  });
});

describe('letters', () => {
  it('hold everything once, in order, and are never too long for a message', () => {
    const text = fc.string({ maxLength: 8_000 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 60 }), fc.array(text, { maxLength: 60 }), (a, b) => {
        const outputs = a.map((note, index) => ({
          name: `n${index}`,
          kind: 'x',
          digest: digestOf(''),
          size: 0,
          mediaType: 'x',
          meta: { note },
          held: true as const,
        }));
        const facts = b.map((note, index) => ({ ...fact(`k${index}`), body: { note } }));
        const letters = toLetters(outputs, facts);
        expect(fromLetters(letters)).toEqual({ outputs, facts });
        for (const letter of letters) expect(letter.length).toBeLessThan(mostFound.characters + 64 * 1024);
      }),
      { numRuns: 50 },
    );
  });
});
