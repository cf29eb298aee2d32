import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '@backlot/contract';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { WatchParameters } from '../../contract.ts';
import {
  type ChatSeen,
  chatPathOf,
  endsChat,
  hasMessage,
  mostChatBytes,
  seeChat,
  tellsSomething,
} from '../../node/bililive/chat-file.ts';
import {
  awaitsChat,
  type ChatDecision,
  decideChat,
  longestGrowthMs,
  watchChat,
} from '../../node/bililive/decide-chat.ts';
import { RoomFollower } from '../../node/bililive/follow-room.ts';
import { RoomState, settleTaking } from '../../node/bililive/room-state.ts';
import { outputName } from '../../node/bililive/take-file.ts';
import { TakenFiles } from '../../node/bililive/taken-files.ts';
import { makeSample } from '../sources/sample.ts';
import { Played } from './played-agent.ts';

let folder: string;
let sample: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'backlot-chat-'));
  sample = readFileSync(makeSample(folder, { seconds: 1 }).path);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const head = '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<i>\n  <BililiveRecorder version="2.99.0" />';
const message = '\n  <d p="0.1,1,25,16777215,0,0,1,0" user="u">hello</d>';
const whole = `${head}${message}\n</i>`;

/** A room whose files and clock are the test's own. */
async function room(owned = true) {
  const dir = await mkdtemp(join(folder, 'room-'));
  const rules = WatchParameters.parse({
    channelId: newId(),
    name: 'room',
    source: { kind: 'bililive', roomId: 9 },
    silenceMs: 1_000,
  });
  const statePath = join(dir, '.state', 'room.json');
  const said: string[] = [];
  const clock = { now: 10_000 };
  let agents = 0;
  /** As a process that has just been started. */
  const follow = async (taken?: TakenFiles) => {
    const allocation = new Played(dir, `.agent-${agents++}`, rules);
    const follower = await RoomFollower.open({
      allocation,
      rules,
      folder: dir,
      statePath,
      taken: taken ?? (await ledger()),
      owned,
      now: () => clock.now,
      still: 1_500,
      say: (text) => said.push(text),
    });
    return { allocation, follower };
  };
  const ledger = () => TakenFiles.open(join(dir, '.state', 'taken'));
  const write = (name: string, bytes: string | Buffer) => writeFile(join(dir, name), bytes);
  /** One look, at this time; `files` are closed, as their webhooks have told. */
  const look = async (follower: RoomFollower, now: number, files: string[] = [], recording = false) => {
    clock.now = now;
    await follower.look({
      room: recording ? ({ roomId: 9, recording: true, streaming: true } as never) : undefined,
      asked: true,
      files: files.map((path) => ({ path, size: sample.length, changedAt: 10_000 })),
      closed: new Map(files.map((path) => [path, sample.length])),
    });
  };
  return { dir, follow, ledger, write, look, said, statePath };
}

describe('the chat of a segment', () => {
  it('that is closed later is taken in once, after it, and the broadcast ends then', async () => {
    const { follow, write, look, dir } = await room();
    await write('9.flv', sample);
    await write('9.xml', head + message);
    const { allocation, follower } = await follow();
    await look(follower, 10_000, ['9.flv']);
    expect(allocation.taken).toHaveLength(1);
    expect(follower.writing).toBe(true);
    // The silence is over; the chat is not.
    await look(follower, 11_200);
    expect(allocation.kinds()).not.toContain('broadcast.ended');
    await write('9.xml', whole);
    await look(follower, 11_300);
    expect(allocation.told.slice(-3)).toEqual(['take.ended', 'chat 1', 'broadcast.ended']);
    const [chat] = allocation.chats;
    const [segment] = allocation.taken;
    expect(chat?.meta).toEqual({
      broadcast: segment?.meta.broadcast,
      take: segment?.meta.take,
      number: 1,
      format: 'bilibili-xml',
    });
    expect(chat?.output.name).toBe(outputName('9.xml', 'xml'));
    expect(chat?.bytes.toString()).toBe(whole);
    expect(await seeChat(join(dir, '9.xml'))).toEqual({ is: 'absent' });
    await look(follower, 20_000);
    expect(allocation.chats).toHaveLength(1);
  });

  it('that still grows when the silence is over keeps up the end, and is whole then', async () => {
    const { follow, write, look } = await room();
    await write('9.flv', sample);
    const { allocation, follower } = await follow();
    await look(follower, 10_000, ['9.flv']);
    for (let now = 11_000; now <= 20_000; now += 1_000) {
      await write('9.xml', head + message.repeat(now / 1_000));
      await look(follower, now);
      expect(allocation.told).toEqual(expect.not.arrayContaining(['chat 1', 'broadcast.ended']));
    }
    await write('9.xml', whole);
    await look(follower, 20_500);
    expect(allocation.told.slice(-2)).toEqual(['chat 1', 'broadcast.ended']);
    expect(allocation.chats[0]?.meta).not.toHaveProperty('torn');
  });

  it('survives a kill between the segment and its end', async () => {
    const { follow, write, look } = await room();
    await write('9.flv', sample);
    await write('9.xml', head + message);
    const before = await follow();
    await look(before.follower, 10_000, ['9.flv'], true);
    expect(before.allocation.taken).toHaveLength(1);
    const after = await follow();
    await write('9.xml', whole);
    await look(after.follower, 60_000, [], true);
    expect(after.allocation.told).toEqual(['chat 1']);
    expect(after.allocation.chats[0]?.meta.take).toBe(before.allocation.taken[0]?.meta.take);
  });

  it('is not forgotten when the process is killed right after the ledger has its segment, nor is the segment counted less', async () => {
    const { follow, write, look, ledger } = await room();
    await write('9.flv', sample);
    await write('9.xml', whole);
    const killing = await ledger();
    const add = killing.add.bind(killing);
    vi.spyOn(killing, 'add').mockImplementationOnce(async (row) => {
      await add(row);
      throw new Error('killed');
    });
    const before = await follow(killing);
    await expect(look(before.follower, 10_000, ['9.flv'])).rejects.toThrow('killed');
    expect(before.allocation.told.at(-2)).toBe('segment 1');
    const after = await follow();
    await look(after.follower, 60_000, ['9.flv']);
    expect(after.allocation.told).toEqual(['chat 1', 'broadcast.ended']);
    expect(after.allocation.facts.at(-1)?.body).toMatchObject({
      segments: 1,
      takes: 1,
      bytes: sample.length,
    });
  });

  it('is told again, under the same name, when the process is killed before the ledger has it, and not when it is killed after', async () => {
    const { follow, write, look, ledger, dir } = await room();
    await write('9.flv', sample);
    await write('9.xml', head + message);
    const first = await follow();
    await look(first.follower, 10_000, ['9.flv'], true);
    await write('9.xml', whole);
    for (const known of [false, true]) {
      const killing = await ledger();
      const add = killing.add.bind(killing);
      vi.spyOn(killing, 'add').mockImplementationOnce(async (row) => {
        if (known) await add(row);
        throw new Error('killed');
      });
      const { allocation, follower } = await follow(killing);
      await look(follower, 10_100, [], true);
      expect(allocation.chats.map(({ output }) => output.name)).toEqual([outputName('9.xml', 'xml')]);
    }
    const last = await follow();
    await look(last.follower, 60_000);
    expect(last.allocation.told).toEqual(['source', 'broadcast.ended']);
    // Nobody else would take away what is taken over.
    expect(await seeChat(join(dir, '9.xml'))).toEqual({ is: 'absent' });
  });

  it('that nobody closes is torn when it stands still, and is all there is when the channel ends', async () => {
    const { follow, write, look } = await room();
    const { allocation, follower } = await follow();
    for (const [n, name] of ['1', '2'].entries()) {
      await write(`${name}.flv`, sample);
      await write(`${name}.xml`, head + message);
      await look(follower, 10_000 + 100 * n, [`${name}.flv`], true);
    }
    await look(follower, 11_499, [], true);
    expect(allocation.chats).toEqual([]);
    // It has grown meanwhile: the other one goes first.
    await write('1.xml', head + message + message);
    await look(follower, 11_600, [], true);
    expect(allocation.chats.map(({ meta }) => meta)).toMatchObject([{ number: 2, torn: true }]);
    await follower.end('canceled');
    expect(allocation.told.slice(-2)).toEqual(['chat 1', 'broadcast.ended']);
    expect(allocation.chats[1]?.meta.torn).toBe(true);
  });

  it.each([
    ['none', undefined, 11_500],
    ['closed, and nobody has written', `${head}\n</i>`, 11_000],
    ['torn, and nobody has written', head, 11_500],
  ])(
    'that is %s is not told, and ends its broadcast when the silence or a file’s stillness is over',
    async (_what, text, at) => {
      const { follow, write, look, dir } = await room();
      await write('9.flv', sample);
      if (text !== undefined) await write('9.xml', text);
      const { allocation, follower } = await follow();
      await look(follower, 10_000, ['9.flv']);
      await look(follower, at - 1);
      expect(allocation.kinds()).not.toContain('broadcast.ended');
      await look(follower, at);
      expect(allocation.kinds().at(-1)).toBe('broadcast.ended');
      expect(allocation.chats).toEqual([]);
      expect(await seeChat(join(dir, '9.xml'))).toEqual({ is: 'absent' });
    },
  );

  it('stays where it is when the recorder is somebody else’s', async () => {
    const { follow, write, look, ledger, dir } = await room(false);
    await write('9.flv', sample);
    await write('9.xml', whole);
    const { allocation, follower } = await follow();
    await look(follower, 10_000, ['9.flv']);
    expect(allocation.chats).toHaveLength(1);
    expect(await seeChat(join(dir, '9.xml'))).toMatchObject({ is: 'file', whole: true });
    expect((await ledger()).has('9.xml')).toBe(true);
  });

  it('is no link and no folder, is said so, and nothing is kept up by it', async () => {
    const { follow, write, look, said, dir } = await room();
    await write('secret', whole);
    symlinkSync(join(dir, 'secret'), join(dir, '1.xml'));
    mkdirSync(join(dir, '2.xml'));
    const { allocation, follower } = await follow();
    for (const name of ['1', '2']) {
      await write(`${name}.flv`, sample);
      await look(follower, 10_000, [`${name}.flv`], true);
    }
    await look(follower, 13_000);
    expect(allocation.chats).toEqual([]);
    expect(said).toHaveLength(2);
    expect(allocation.kinds().at(-1)).toBe('broadcast.ended');
    expect(readFileSync(join(dir, 'secret'), 'utf8')).toBe(whole);
  });

  it('that the agent does not take is tried again, and keeps up no end for longer than a file’s stillness', async () => {
    const { follow, write, look } = await room();
    await write('9.flv', sample);
    const { allocation, follower } = await follow();
    await look(follower, 10_000, ['9.flv']);
    await write('9.xml', whole);
    const report = vi.spyOn(allocation, 'report').mockImplementation(async (what) => {
      if (what.outputs) throw new Error('refused');
      allocation.told.push(...(what.events ?? []).map(({ kind }) => kind));
    });
    await look(follower, 11_400);
    expect(allocation.told).not.toContain('recordings.broadcast.ended');
    await look(follower, 11_600);
    expect(allocation.told).toContain('recordings.broadcast.ended');
    report.mockRestore();
    await look(follower, 20_000);
    expect(allocation.chats).toHaveLength(1);
  });
});

describe('what becomes of a chat', () => {
  const file = (size: number, isWhole = false): ChatSeen => ({ is: 'file', size, whole: isWhole });
  const none: ChatSeen = { is: 'absent' };
  const link: ChatSeen = { is: 'unfit', why: 'it is no plain file' };

  it.each<[ChatSeen, number, boolean, ChatDecision]>([
    [file(10, true), 0, false, 'take'],
    [file(10), 0, false, 'wait'],
    [file(10), 1_499, false, 'wait'],
    [file(10), 1_500, false, 'take'],
    [file(10), 0, true, 'take'],
    [none, 1_499, false, 'wait'],
    [none, 1_500, false, 'forget'],
    [none, 0, true, 'forget'],
    [link, 0, false, 'refuse'],
    [link, 0, true, 'refuse'],
  ])('%j, so for %i ms, last %s: %s', (seen, stands, last, expected) => {
    const watch = { size: seen.is === 'file' ? seen.size : null, since: 50_000 - stands };
    expect(decideChat({ now: 50_000, seen, watch, still: 1_500, last })).toBe(expected);
  });

  it('stands still as long as its size is the same, and as there is none', () => {
    expect(watchChat(5, file(10), { size: 10, since: 1 })).toEqual({ size: 10, since: 1 });
    expect(watchChat(5, file(11), { size: 10, since: 1 })).toEqual({ size: 11, since: 5 });
    expect(watchChat(5, none, { size: null, since: 1 })).toEqual({ size: null, since: 1 });
    expect(watchChat(5, file(0), { size: null, since: 1 })).toEqual({ size: 0, since: 5 });
    expect(watchChat(5, none, undefined)).toEqual({ size: null, since: 5 });
  });

  it('keeps up its own broadcast alone, and not for ever', () => {
    const chats = [{ path: 'a.xml', broadcast: 'one', take: 't', number: 1, since: 1_000 }];
    const at = (now: number, ...growing: string[]) => ({ now, still: 1_500, growing: new Set(growing) });
    expect(awaitsChat(chats, 'one', at(2_499))).toBe(true);
    expect(awaitsChat(chats, 'one', at(2_500))).toBe(false);
    expect(awaitsChat(chats, 'one', at(2_500, 'b.xml'))).toBe(false);
    expect(awaitsChat(chats, 'one', at(999 + longestGrowthMs, 'a.xml'))).toBe(true);
    expect(awaitsChat(chats, 'one', at(1_000 + longestGrowthMs, 'a.xml'))).toBe(false);
    expect(awaitsChat(chats, 'other', at(1_000, 'a.xml'))).toBe(false);
    expect(awaitsChat([], 'one', at(1_000))).toBe(false);
  });

  it('is found beside its recording', () => {
    expect(chatPathOf('23058-n/a.flv/x.flv')).toBe('23058-n/a.flv/x.xml');
    expect(chatPathOf('23058/A.FLV')).toBe('23058/A.xml');
  });

  it.each([
    ['…</d>\n</i>', true],
    ['</i>\r\n', true],
    ['</i', false],
    ['</d>', false],
    ['&lt;/i&gt;</d>', false],
    ['', false],
  ])('ends with %j: %s', (tail, expected) => {
    expect(endsChat(tail)).toBe(expected);
  });

  it.each([
    [message, true],
    ['<sc ts="1">', true],
    ['<gift ts="1" />', true],
    ['<guard ts="1" />', true],
    [head, false],
    ['<i><div><z:value-of select="count(/i/d)"/></div>', false],
    ['<x title="&lt;d p=" />', false],
  ])('says something in %j: %s', (piece, expected) => {
    expect(tellsSomething(piece)).toBe(expected);
  });

  it('is read in pieces, and a message that lies across two of them is one', async () => {
    const path = join(folder, 'long.xml');
    for (const before of [65_530, 65_533, 65_536, 131_070]) {
      writeFileSync(path, `${' '.repeat(before)}<guard ts="1" />`);
      expect(await hasMessage(path)).toBe(true);
      writeFileSync(path, `${' '.repeat(before)}<guardian />`);
      expect(await hasMessage(path)).toBe(false);
    }
  });

  it('is far too large to be one', async () => {
    const path = join(folder, 'huge.xml');
    await writeFile(path, '');
    await truncate(path, mostChatBytes + 1);
    expect(await seeChat(path)).toMatchObject({ is: 'unfit' });
    await truncate(path, mostChatBytes);
    expect(await seeChat(path)).toMatchObject({ is: 'file', whole: false });
    await rm(path);
  });
});

describe('the state of a room', () => {
  const old = { since: 1, broadcast: null, open: {}, pending: [], source: 'live', title: 't' };

  it('of a version that knew no chat is read as it is', () => {
    expect(RoomState.parse(old)).toEqual({ ...old, chats: [], taking: null });
  });

  it('is what it was before a file, or after it, as the ledger says', () => {
    const chats = [{ path: 'a.xml', broadcast: 'b', take: 't', number: 1, since: 1 }];
    const taking = { path: 'a.flv', after: { broadcast: null, open: {}, chats } };
    const state = RoomState.parse({ ...old, open: { 'a.flv': { take: 't', number: 1 } }, taking });
    expect(settleTaking(state, () => false)).toEqual({ ...state, taking: null });
    expect(settleTaking(state, (path) => path === 'a.flv')).toEqual({
      ...state,
      open: {},
      chats,
      taking: null,
    });
  });
});
