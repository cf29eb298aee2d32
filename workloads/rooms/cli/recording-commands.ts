import { type CliCommand, defineCommand, type Output } from '@backlot/cli/command';
import { z } from 'zod';
import type { Recording } from '../contract/recording.ts';
import { RoomsApi } from './rooms-api.ts';
import { RoomName, roomArgument } from './words.ts';

const id = z.uuid('Give the whole id, as `backlot rooms recordings` shows it.');

/** `backlot rooms record|recordings|stop-recording`. The files are artifacts. */
export const recordingCommands: readonly CliCommand[] = [
  defineCommand({
    name: 'record',
    summary: {
      en: 'Begin to record a room, each track by itself',
      'zh-CN': '开始录制房间（按媒体轨分别录制）',
    },
    arguments: [roomArgument],
    options: [
      { flags: '--name <name>', description: { en: 'What to call it', 'zh-CN': '录制名称' } },
      { flags: '--audio', description: { en: 'Only sound', 'zh-CN': '仅音频' } },
    ],
    input: z.object({
      room: RoomName,
      name: z.string().max(200).optional(),
      audio: z.boolean().default(false),
    }),
    async run(context, { room, name, audio }) {
      const recording = await new RoomsApi(await context.api(), context.signal).record(room, {
        ...(name === undefined ? {} : { name }),
        ...(audio ? { select: { kinds: ['audio'] } } : {}),
      });
      context.out.result(recording, () => `${recording.id}  ${recording.state}`);
      return 0;
    },
  }),
  defineCommand({
    name: 'recordings',
    summary: { en: 'Recordings of a room', 'zh-CN': '房间的录制' },
    arguments: [roomArgument],
    input: z.object({ room: RoomName }),
    async run(context, { room }) {
      const list = await new RoomsApi(await context.api(), context.signal).recordings(room);
      context.out.result(list, (recordings) => table(context.out, recordings));
      return 0;
    },
  }),
  defineCommand({
    name: 'stop-recording',
    summary: { en: 'End a recording', 'zh-CN': '结束录制' },
    arguments: [roomArgument, { name: 'recording', description: { en: 'Its id', 'zh-CN': '录制编号' } }],
    input: z.object({ room: RoomName, recording: id }),
    async run(context, { room, recording }) {
      const api = new RoomsApi(await context.api(), context.signal);
      const stopped = await api.stopRecording(room, recording);
      context.out.result(stopped, (one) => table(context.out, [one]));
      return 0;
    },
  }),
];

function table(out: Output, recordings: readonly Recording[]): readonly string[] {
  return out.table(
    ['ID', 'NAME', 'STATE', 'PARTS', 'SIZE', 'STARTED'],
    recordings.map(({ id: one, name, state, parts, startedAt }) => [
      one,
      name,
      state,
      String(parts.length),
      `${(parts.reduce((sum, { size }) => sum + size, 0) / 1e6).toFixed(1)} MB`,
      startedAt,
    ]),
  );
}
