import { type CliGroup, defineCommand, findProject, type OptionSpec, UsageError } from '@backlot/cli/command';
import { z } from 'zod';
import { roles } from '../contract/grants.ts';
import { recordingCommands } from './recording-commands.ts';
import { RoomsApi } from './rooms-api.ts';
import { RoomName, roomArgument } from './words.ts';

const project: OptionSpec = {
  flags: '-p, --project <name>',
  description: { en: 'In this project', 'zh-CN': '所属项目' },
};
const identityArgument = { name: 'identity', description: { en: 'Who, by identity', 'zh-CN': '成员标识' } };

/** `backlot rooms …` */
export const roomsGroup: CliGroup = {
  name: 'rooms',
  summary: { en: 'Rooms: open, look into, moderate, record', 'zh-CN': '房间：创建、查看、管理、录制' },
  commands: [
    defineCommand({
      name: 'list',
      summary: { en: 'List rooms, newest first', 'zh-CN': '列出房间（最新在前）' },
      options: [
        project,
        { flags: '--all', description: { en: 'Closed ones too', 'zh-CN': '包括已关闭的' } },
        {
          flags: '--limit <n>',
          description: { en: 'At most so many', 'zh-CN': '最多条数' },
          defaultText: '50',
        },
      ],
      examples: [
        { command: 'backlot rooms list --json', description: { en: 'For programs', 'zh-CN': '供程序使用' } },
      ],
      input: z.object({
        project: z.string().optional(),
        all: z.boolean().default(false),
        limit: z.coerce.number().int().min(1).max(1_000).default(50),
      }),
      async run(context, { project: named, all, limit }) {
        const client = await context.api();
        const projectId =
          named === undefined ? undefined : (await findProject(client, named, context.signal)).id;
        const found = [];
        const query = { state: all ? 'any' : 'open', ...(projectId === undefined ? {} : { projectId }) };
        for await (const room of new RoomsApi(client, context.signal).list(query)) {
          found.push(room);
          if (found.length >= limit) break;
        }
        context.out.result(found, (rooms) =>
          context.out.table(
            ['NAME', 'STATE', 'PEOPLE', 'LOCKED', 'CREATED', 'ID'],
            rooms.map(({ name, state, participants, locked, createdAt, id }) => [
              name,
              state,
              String(participants),
              locked ? 'yes' : '',
              createdAt,
              id,
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'show',
      summary: { en: 'Show a room: who is there and what they publish', 'zh-CN': '查看房间：成员及其媒体' },
      arguments: [roomArgument],
      input: z.object({ room: RoomName }),
      async run(context, { room: name }) {
        const api = new RoomsApi(await context.api(), context.signal);
        const room = await api.get(name);
        const participants = room.state === 'closed' ? [] : await api.participants(name);
        const { out } = context;
        out.result({ ...room, people: participants }, () => [
          `${room.name}  ${room.state}${room.locked ? '  locked' : ''}  ${room.id}`,
          ...out.table(
            ['IDENTITY', 'NAME', 'ROLE', 'STATE', 'TRACKS'],
            participants.map(({ identity, name: shown, role, state, tracks }) => [
              identity,
              shown,
              role,
              state,
              tracks
                .map(({ source, codec, paused }) => `${source}/${codec}${paused ? ' (paused)' : ''}`)
                .join(', '),
            ]),
          ),
        ]);
        return 0;
      },
    }),
    defineCommand({
      name: 'create',
      summary: { en: 'Open a room', 'zh-CN': '创建房间' },
      arguments: [roomArgument],
      options: [
        project,
        { flags: '--lobby', description: { en: 'People wait until they are let in', 'zh-CN': '启用等候室' } },
        {
          flags: '--audience',
          description: { en: 'Silent viewers are not announced', 'zh-CN': '不公布静默观众' },
        },
        {
          flags: '--record',
          description: { en: 'Record every track from its start', 'zh-CN': '自动录制所有媒体轨' },
        },
        { flags: '--keep', description: { en: 'Stay open when nobody is there', 'zh-CN': '无人时保持开放' } },
        {
          flags: '--max <n>',
          description: { en: 'At most so many people', 'zh-CN': '人数上限' },
          defaultText: '500',
        },
      ],
      examples: [
        {
          command: 'backlot rooms create daily --keep',
          description: { en: 'A room that is always there', 'zh-CN': '长期存在的房间' },
        },
      ],
      input: z.object({
        room: RoomName,
        project: z.string().optional(),
        lobby: z.boolean().default(false),
        audience: z.boolean().default(false),
        record: z.boolean().default(false),
        keep: z.boolean().default(false),
        max: z.coerce.number().int().min(1).max(10_000).optional(),
      }),
      async run(context, { room: name, project: named, keep, max, ...flags }) {
        const client = await context.api();
        const { id } = await findProject(client, named, context.signal);
        const room = await new RoomsApi(client, context.signal).create(id, name, {
          ...flags,
          ...(keep ? { emptyTimeoutS: 0, departureTimeoutS: 0 } : {}),
          ...(max === undefined ? {} : { maxParticipants: max }),
        });
        context.out.result(room, () => `${room.name}  ${room.id}`);
        return 0;
      },
    }),
    defineCommand({
      name: 'close',
      summary: { en: 'Close a room: everybody is put out', 'zh-CN': '关闭房间：所有人将离开' },
      arguments: [roomArgument],
      input: z.object({ room: RoomName }),
      async run(context, { room }) {
        await new RoomsApi(await context.api(), context.signal).close(room);
        context.out.result({ room, closed: true }, () => room);
        return 0;
      },
    }),
    defineCommand({
      name: 'lock',
      summary: { en: 'Lock a room, or unlock it', 'zh-CN': '锁定或解锁房间' },
      arguments: [roomArgument],
      options: [{ flags: '--off', description: { en: 'Unlock', 'zh-CN': '解锁' } }],
      input: z.object({ room: RoomName, off: z.boolean().default(false) }),
      async run(context, { room: name, off }) {
        const room = await new RoomsApi(await context.api(), context.signal).lock(name, !off);
        context.out.result(room, () => `${room.name}  ${room.locked ? 'locked' : 'open'}`);
        return 0;
      },
    }),
    defineCommand({
      name: 'token',
      summary: { en: 'Issue a token, and the link to join with it', 'zh-CN': '签发令牌及加入链接' },
      arguments: [roomArgument, identityArgument],
      options: [
        {
          flags: '--role <role>',
          description: { en: 'What they may', 'zh-CN': '角色' },
          choices: roles,
          defaultText: 'member',
        },
        { flags: '--name <name>', description: { en: 'Shown to others', 'zh-CN': '显示名称' } },
        {
          flags: '--hours <n>',
          description: { en: 'Good for so long', 'zh-CN': '有效小时数' },
          defaultText: '6',
        },
        {
          flags: '--program',
          description: { en: 'For WHIP, WHEP and broadcasters only', 'zh-CN': '仅供程序使用' },
        },
      ],
      examples: [
        {
          command: 'backlot rooms token daily ada --role host',
          description: { en: 'A moderator', 'zh-CN': '主持人' },
        },
      ],
      input: z.object({
        room: RoomName,
        identity: z.string(),
        role: z.enum(roles).default('member'),
        name: z.string().optional(),
        hours: z.coerce.number().positive().max(720).default(6),
        program: z.boolean().default(false),
      }),
      async run(context, { room, identity, role, name, hours, program }) {
        const answer = await new RoomsApi(await context.api(), context.signal).token(room, {
          identity,
          role,
          join: !program,
          ttlS: Math.max(10, Math.round(hours * 3_600)),
          ...(name === undefined ? {} : { name }),
        });
        // For a program the token is what it wants, for a person the link.
        context.out.result(answer, () => (program ? answer.token : answer.joinUrl));
        return 0;
      },
    }),
    defineCommand({
      name: 'participants',
      summary: { en: 'Who is in a room', 'zh-CN': '房间成员' },
      arguments: [roomArgument],
      input: z.object({ room: RoomName }),
      async run(context, { room }) {
        const people = await new RoomsApi(await context.api(), context.signal).participants(room);
        context.out.result(people, (list) =>
          context.out.table(
            ['IDENTITY', 'NAME', 'ROLE', 'STATE', 'TRACKS', 'JOINED'],
            list.map(({ identity, name, role, state, tracks, joinedAt }) => [
              identity,
              name,
              role,
              state,
              String(tracks.length),
              joinedAt,
            ]),
          ),
        );
        return 0;
      },
    }),
    defineCommand({
      name: 'kick',
      summary: { en: 'Put somebody out and refuse their tokens', 'zh-CN': '移出成员并吊销其令牌' },
      arguments: [roomArgument, identityArgument],
      options: [{ flags: '--reason <text>', description: { en: 'Told to them', 'zh-CN': '告知对方的原因' } }],
      input: z.object({ room: RoomName, identity: z.string(), reason: z.string().max(300).optional() }),
      async run(context, { room, identity, reason }) {
        await new RoomsApi(await context.api(), context.signal).kick(room, identity, reason);
        context.out.result({ room, identity, kicked: true }, () => identity);
        return 0;
      },
    }),
    defineCommand({
      name: 'mute',
      summary: {
        en: 'Mute somebody, or everybody who is no moderator',
        'zh-CN': '静音某人，或除主持人外的所有人',
      },
      arguments: [roomArgument, { ...identityArgument, optional: true }],
      options: [
        { flags: '--all', description: { en: 'Everybody', 'zh-CN': '所有人' } },
        {
          flags: '--kind <kind>',
          description: { en: 'Only this', 'zh-CN': '仅此类型' },
          choices: ['audio', 'video'],
        },
        { flags: '--off', description: { en: 'Let them go on', 'zh-CN': '解除静音' } },
      ],
      input: z.object({
        room: RoomName,
        identity: z.string().optional(),
        all: z.boolean().default(false),
        kind: z.enum(['audio', 'video']).optional(),
        off: z.boolean().default(false),
      }),
      async run(context, { room, identity, all, kind, off }) {
        if (all === (identity !== undefined)) throw new UsageError(context.say(phrases.whom));
        if (all && off) throw new UsageError(context.say(phrases.allOff));
        const request = { ...(kind === undefined ? {} : { kind }), ...(all ? {} : { muted: !off }) };
        const trackIds = await new RoomsApi(await context.api(), context.signal).mute(
          room,
          identity,
          request,
        );
        context.out.result({ trackIds }, () => trackIds);
        return 0;
      },
    }),
    defineCommand({
      name: 'admit',
      summary: { en: 'Let somebody in who waits, or list who does', 'zh-CN': '允许等候者进入，或列出等候者' },
      arguments: [roomArgument, { ...identityArgument, optional: true }],
      input: z.object({ room: RoomName, identity: z.string().optional() }),
      async run(context, { room, identity }) {
        const api = new RoomsApi(await context.api(), context.signal);
        if (identity !== undefined) await api.admit(room, identity);
        const waiting = await api.lobby(room);
        context.out.result(waiting, (list) =>
          context.out.table(
            ['IDENTITY', 'NAME'],
            list.map(({ identity: who, name }) => [who, name]),
          ),
        );
        return 0;
      },
    }),
    ...recordingCommands,
  ],
};

const phrases = {
  whom: { en: 'Say whom to mute: an identity, or --all.', 'zh-CN': '请指定要静音的成员标识，或使用 --all。' },
  allOff: {
    en: 'Only one person at a time can be unmuted: name them.',
    'zh-CN': '一次只能为一人解除静音，请指定成员。',
  },
} as const;
