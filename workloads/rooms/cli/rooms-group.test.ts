import type { CliAction, CommandContext } from '@backlot/cli/command';
import { ApiClient } from '@backlot/sdk';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RoomsControl, startRoomsControl } from '../testing/control.ts';
import { roomsGroup } from './rooms-group.ts';

let test: RoomsControl;
let results: unknown[];
let shown: string[];

beforeAll(async () => {
  test = await startRoomsControl();
});
afterAll(() => test.close());

/** Runs `backlot rooms …` against a real control plane, and keeps what it says. */
async function run(name: string, raw: Record<string, unknown>): Promise<number> {
  const command = roomsGroup.commands.find((one) => one.name === name) as CliAction | undefined;
  if (!command) throw new Error(`There is no backlot rooms ${name}.`);
  results = [];
  shown = [];
  const context = {
    language: 'en',
    signal: new AbortController().signal,
    say: (phrase: { readonly en: string }) => phrase.en,
    api: async () => new ApiClient({ baseUrl: test.control.url, token: test.adminToken }),
    out: {
      result(value: never, render: (value: never) => string | readonly string[]) {
        results.push(value);
        shown.push(...[render(value)].flat());
      },
      table: (columns: readonly string[], rows: readonly (readonly string[])[]) =>
        [columns, ...rows].map((cells) => cells.join(' | ')),
    },
  } as unknown as CommandContext;
  return command.run(context, raw);
}

describe('backlot rooms', () => {
  it('opens, lists, shows, locks and closes a room', async () => {
    expect(await run('create', { room: 'daily', project: 'default', keep: true, max: '12' })).toBe(0);
    expect(results).toMatchObject([
      { name: 'daily', settings: { emptyTimeoutS: 0, departureTimeoutS: 0, maxParticipants: 12 } },
    ]);
    await run('list', {});
    expect(shown).toEqual([
      expect.stringContaining('NAME'),
      expect.stringMatching(/^daily \| created \| 0 /),
    ]);
    await run('lock', { room: 'daily' });
    expect(shown).toEqual(['daily  locked']);
    await run('lock', { room: 'daily', off: true });
    expect(shown).toEqual(['daily  open']);
    await run('show', { room: 'daily' });
    expect(shown[0]).toMatch(/^daily {2}created {2}/);
    for (const name of ['participants', 'admit', 'recordings']) {
      expect(await run(name, { room: 'daily' })).toBe(0);
      expect(results).toEqual([[]]);
    }
  });

  it('gives a person a link, and a program a token', async () => {
    await run('token', { room: 'daily', identity: 'ada', role: 'host', hours: '1' });
    expect(shown).toEqual([expect.stringMatching(/\/r\/daily#token=ey/)]);
    await run('token', { room: 'daily', identity: 'camera', program: true });
    expect(shown).toEqual([expect.stringMatching(/^ey[\w-]+\.[\w-]+\.[\w-]+$/)]);
  });

  it('mutes one or all, and says when it is not clear whom', async () => {
    expect(await run('mute', { room: 'daily', all: true })).toBe(0);
    expect(results).toEqual([{ trackIds: [] }]);
    await expect(run('mute', { room: 'daily' })).rejects.toThrow('Say whom to mute');
    await expect(run('mute', { room: 'daily', identity: 'ada', all: true })).rejects.toThrow(
      'Say whom to mute',
    );
    await expect(run('mute', { room: 'daily', all: true, off: true })).rejects.toThrow('Only one person');
  });

  it('says what the control plane refuses', async () => {
    await expect(run('kick', { room: 'daily', identity: 'nobody' })).rejects.toMatchObject({
      code: 'participant_not_found',
    });
    await expect(run('record', { room: 'daily' })).rejects.toMatchObject({ code: 'room_not_active' });
    await expect(run('create', { room: 'daily', project: 'default' })).rejects.toMatchObject({
      code: 'room_exists',
    });
  });

  it('closes', async () => {
    expect(await run('close', { room: 'daily' })).toBe(0);
    await run('list', {});
    expect(shown).toHaveLength(1);
    await run('list', { all: true });
    expect(shown).toEqual([expect.anything(), expect.stringMatching(/^daily \| closed/)]);
  });

  it('has its words in both languages', () => {
    for (const command of roomsGroup.commands) expect(command.summary['zh-CN']).not.toBe(command.summary.en);
  });
});
