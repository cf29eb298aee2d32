import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CliAction, CliGroup, CommandContext } from '@backlot/cli/command';
import { newId } from '@backlot/contract/id';
import { fill, type Language, type Phrase, type PhraseParams } from '@backlot/contract/phrase';
import { type Control, createControl } from '@backlot/control';
import { createLog } from '@backlot/control/telemetry/log';
import { ApiClient } from '@backlot/sdk';
import { createTestDatabase, type TestDatabase } from '@backlot/testkit/database';
import { cheapPasswords } from '@backlot/testkit/test-front';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Timeline } from '../contract/broadcast.ts';
import { recordingsControl } from '../control/index.ts';
import { broadcastsGroup } from './broadcast-commands.ts';
import { channelsGroup } from './channel-commands.ts';
import { RecordingsApi } from './recordings-api.ts';

const token = 'the-administration-token-of-tests';
let dir: string;
let database: TestDatabase;
let control: Control;
let results: unknown[];
let shown: string[];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'backlot-recordings-cli-'));
  database = await createTestDatabase({ empty: true });
  control = await createControl({
    config: { host: '127.0.0.1', port: 0, dataDir: dir, adminToken: token },
    database: database.url,
    workloads: [recordingsControl],
    log: createLog({ name: 'control', level: 'silent' }),
    passwordCost: cheapPasswords,
  });
});
afterAll(async () => {
  await control.close();
  await database.close();
  await rm(dir, { recursive: true, force: true });
});

/** Runs a command against the control plane, and keeps what it says. */
async function run(
  group: CliGroup,
  name: string,
  raw: Record<string, unknown> = {},
  { baseUrl = control.url, language = 'en' as Language } = {},
): Promise<number> {
  const command = group.commands.find((one) => one.name === name) as CliAction | undefined;
  if (!command) throw new Error(`There is no command ${name}.`);
  results = [];
  shown = [];
  const context = {
    language,
    signal: new AbortController().signal,
    api: async () => new ApiClient({ baseUrl, token }),
    say: (phrase: Phrase, params: PhraseParams = {}) => fill(phrase, params, language),
    reasons: async () => (reason: { readonly message: string }) => reason.message,
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

describe('backlot recordings channels', () => {
  it('adds, lists, stops, starts and removes a channel by its name', async () => {
    const url = 'https://user:secret@origin.example/live/radio.flv?key=1';
    expect(await run(channelsGroup, 'add', { name: 'radio', url, project: 'default' })).toBe(0);
    expect(results).toMatchObject([{ settings: { source: { kind: 'http-flv' } }, state: 'waiting' }]);
    await run(channelsGroup, 'list');
    expect(shown[1]).toMatch(
      /^radio \| waiting \| {2}\| {2}\| https:\/\/origin\.example\/live\/radio\.flv \|/,
    );
    expect(shown.join('\n')).not.toContain('secret');
    expect(await run(channelsGroup, 'stop', { channel: 'radio' })).toBe(0);
    expect(await run(channelsGroup, 'start', { channel: 'radio' })).toBe(0);
    await expect(run(channelsGroup, 'split', { channel: 'radio' })).rejects.toMatchObject({
      code: 'channel_not_running',
    });
    expect(await run(channelsGroup, 'remove', { channel: 'radio' })).toBe(0);
    await expect(run(channelsGroup, 'stop', { channel: 'radio' })).rejects.toThrow('There is no channel');
  });

  it('takes either an address or --push', async () => {
    await expect(run(channelsGroup, 'add', { name: 'x' })).rejects.toThrow('either an address or --push');
    await expect(
      run(channelsGroup, 'add', { name: 'x', url: 'file:///etc/passwd', project: 'default' }),
    ).rejects.toMatchObject({ code: 'source_unknown' });
  });

  it('shows where a program pushes to, and says why no node takes it', async () => {
    await run(channelsGroup, 'add', { name: 'studio', push: true, off: true, project: 'default' });
    const [{ id, ingest }] = results as [{ id: string; ingest: { key: string } }];
    const inChinese = async () => {
      expect(await run(channelsGroup, 'ingest', { channel: 'studio' }, { language: 'zh-CN' })).toBe(0);
      return shown;
    };
    // It is known once the keeper has looked at the new channel.
    await expect
      .poll(inChinese, { timeout: 90_000 })
      .toEqual([
        '服务器：暂无节点接收该频道的推流',
        expect.stringMatching(/^原因：.+/),
        `推流码：${ingest.key}`,
      ]);
    expect(results).toEqual([{ id, server: null, key: ingest.key }]);

    await run(channelsGroup, 'start', { channel: 'studio' });
    const server = 'rtmp://node.example:1935/live';
    // What its recorder tells, which can't run here.
    await expect
      .poll(
        async () => {
          const detail = JSON.stringify({ detail: { ingest: server } });
          await sql`
            UPDATE task SET progress = ${detail}::jsonb
            WHERE job_id = (SELECT job_id FROM recordings_channel WHERE id = ${id})`.execute(database.db);
          await run(channelsGroup, 'ingest', { channel: 'studio' });
          return shown;
        },
        { timeout: 90_000 },
      )
      .toEqual([`server: ${server}`, `key: ${ingest.key}`]);
    await run(channelsGroup, 'remove', { channel: 'studio' });
  });

  it('makes a new key only when it is told that it is meant', async () => {
    await run(channelsGroup, 'add', { name: 'stage', push: true, off: true, project: 'default' });
    const [{ id, ingest }] = results as [{ id: string; ingest: { key: string } }];
    await expect(run(channelsGroup, 'rotate-key', { channel: 'stage' })).rejects.toThrow('--yes');
    await run(channelsGroup, 'ingest', { channel: 'stage' });
    expect(results).toMatchObject([{ key: ingest.key }]);

    expect(await run(channelsGroup, 'rotate-key', { channel: 'stage', yes: true })).toBe(0);
    const [rotated] = results as [{ key: string }];
    expect(rotated).toMatchObject({ id, server: null });
    expect(rotated.key).not.toBe(ingest.key);
    expect(shown[0]).toBe('stage: a new key; the old one is void');
    expect(shown.at(-1)).toBe(`key: ${rotated.key}`);
    await run(channelsGroup, 'ingest', { channel: 'stage' });
    expect(results).toMatchObject([{ key: rotated.key }]);
    await run(channelsGroup, 'remove', { channel: 'stage' });
  });

  it('has no key for a channel that is pulled, and says so before it asks anything', async () => {
    const url = 'https://origin.example/live/pulled.flv';
    await run(channelsGroup, 'add', { name: 'pulled', url, off: true, project: 'default' });
    for (const command of ['ingest', 'rotate-key']) {
      await expect(run(channelsGroup, command, { channel: 'pulled' })).rejects.toMatchObject({
        code: 'channel_not_push',
      });
    }
    await run(channelsGroup, 'remove', { channel: 'pulled' });
  });

  it('is content with an answer that says nothing but yes', async () => {
    const server = createServer((_request, response) => response.writeHead(202).end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const api = new RecordingsApi(new ApiClient({ baseUrl, token }), new AbortController().signal);
      await api.act('id', 'split');
      await api.act('id', 'end-broadcast');
    } finally {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});

it('backlot recordings broadcasts lists what there is', async () => {
  expect(await run(broadcastsGroup, 'list')).toBe(0);
  expect(results).toEqual([[]]);
});

it('backlot recordings broadcasts restore takes back what remove has put into the trash', async () => {
  await run(channelsGroup, 'add', { name: 'kept', push: true, off: true, project: 'default' });
  const [{ id: channelId, projectId }] = results as [{ id: string; projectId: string }];
  const [id, file, digest] = [newId(), newId(), 'ab'.repeat(32)];
  const { db } = database;
  await sql`INSERT INTO blob (digest, size) VALUES (${digest}, 2048)`.execute(db);
  await sql`
    INSERT INTO recordings_broadcast (id, channel_id, project_id, channel_name, state, started_at, last_at, bytes)
    VALUES (${id}, ${channelId}, ${projectId}, 'kept', 'ended', now(), now(), 2048)`.execute(db);
  await sql`
    INSERT INTO artifact (id, project_id, name, kind, digest, size, media_type)
    VALUES (${file}, ${projectId}, 'a.flv', 'recordings.segment', ${digest}, 2048, 'video/x-flv')`.execute(
    db,
  );
  await sql`
    INSERT INTO recordings_segment (artifact_id, broadcast_id, take_id, number, part, container, first_at, last_at, size,
                                    video_frames, audio_frames, torn)
    VALUES (${file}, ${id}, ${newId()}, 1, 1, 'flv', now(), now(), 2048, 1, 1, false)`.execute(db);
  const inTrash = async () => {
    const { rows } = await sql<{ gone: boolean }>`
      SELECT deleted_at IS NOT NULL AS gone FROM artifact WHERE id = ${file}`.execute(db);
    return rows[0]?.gone;
  };

  // One that is not in the trash can't be taken out of it.
  await expect(run(broadcastsGroup, 'restore', { broadcast: id })).rejects.toMatchObject({ status: 404 });
  expect(await run(broadcastsGroup, 'remove', { broadcast: id })).toBe(0);
  expect(shown[0]).toContain(`backlot recordings broadcasts restore ${id}`);
  expect(await inTrash()).toBe(true);

  expect(await run(broadcastsGroup, 'restore', { broadcast: id })).toBe(0);
  expect(results).toMatchObject([{ id, state: 'ended' }]);
  expect(shown).toEqual([`${id}: taken back out of the trash (kept, 2.0 KiB)`]);
  expect(await inTrash()).toBe(false);
  await run(broadcastsGroup, 'list');
  expect(results).toMatchObject([[{ id }]]);
  await run(channelsGroup, 'remove', { channel: 'kept' });
});

it('backlot recordings broadcasts show says in words why takes ended, and what of it was deleted', async () => {
  const id = newId();
  const at = new Date().toISOString();
  const broadcast = {
    ...{ id, channelId: id, channelName: 'radio', projectId: id, state: 'ended', title: null },
    ...{ startedAt: at, endedAt: at, durationMs: 60_000, lossMs: 0, bytes: 1e6, takes: 1, segments: 6 },
    ...{ width: 0, height: 0, codecs: [], verified: true, flowRunId: null },
  };
  const take = { id, broadcastId: id, nodeId: id, number: 1, state: 'closed', address: '' };
  const timeline = Timeline.parse({
    broadcast,
    takes: ['reconnect', 'of-a-newer-node'].map((why) => ({ ...take, startedAt: at, endedAt: at, why })),
    gaps: [],
    segments: [],
    files: [],
  });
  const server = createServer((request, response) => {
    const isTimeline = request.url?.includes('/timeline') === true;
    response.writeHead(isTimeline ? 200 : 403, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isTimeline ? timeline : { code: 'forbidden', title: 'No.', status: 403 }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await run(broadcastsGroup, 'show', { broadcast: id }, { baseUrl, language: 'zh-CN' })).toBe(0);
    const said = shown.join('\n');
    expect(said).toContain('6 个片段');
    expect(said).toContain('保留 0 个片段，其余已删除。');
    // Whoever may not look at nodes sees their ids.
    expect(said).toContain(`1 | ${id} | ${at} | ${at} | 连接断开`);
    expect(said).toContain('of-a-newer-node');
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
