import { createHash, randomUUID } from 'node:crypto';
import { appendFile, mkdir, open, readFile, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { FakeChat } from './fake-chat.ts';

/**
 * A BililiveRecorder that is none: written from its wire description (reference/recording.md 1.1 and 1.3), because the real one
 * can't be had here. It serves its REST routes with HTTP basic, writes FLV files (and the chat beside them, once that is switched on) while a room is live, and sends webhooks, as
 * badly as it is told by the file `.fake.json` of its folder. `fake-recorder-main run --bind <url> <folder>`, or `--version`.
 */
const Script = z.object({
  /** By number: what goes on at the platform. */
  rooms: z.record(
    z.string(),
    z.object({
      streaming: z.boolean(),
      title: z.string(),
      folder: z.string().optional(),
      /** `quiet`: nobody writes; `off`: the room has it switched off, and there is no file. */
      chat: z.enum(['on', 'quiet', 'off']).default('on'),
    }),
  ),
  /** `bad`: each twice, and FileClosed before FileOpening; `none`: nothing. */
  webhooks: z.enum(['good', 'bad', 'none']).default('good'),
});
interface Room {
  readonly roomId: number;
  readonly objectId: string;
  autoRecord: boolean;
  recording: Recording | undefined;
  chat: FakeChat | undefined;
}
interface Recording {
  readonly sessionId: string;
  path: string;
  written: number;
  writing: Promise<void>;
  opened: string;
}

const args = process.argv.slice(2);
if (args[0] === '--version') {
  process.stdout.write('2.99.0 (a fake of a test)\n');
  process.exit(0);
}
const [, , bind = '', folder = ''] = args;
const authorization = process.env.BREC_HTTP_BASIC_PASS
  ? `Basic ${Buffer.from(`${process.env.BREC_HTTP_BASIC_USER}:${process.env.BREC_HTTP_BASIC_PASS}`).toString('base64')}`
  : undefined;
const sample = await readFile(join(folder, '.sample.flv'));
const config: Record<string, { hasValue: boolean; value: unknown }> = {};
const rooms = new Map<number, Room>();
let files = 0;
/**
 * Chat is closed so long after the session has ended. The real one closes it before it tells FileClosed in some versions, and at
 * the end of the session in others; this is the harder case. Milliseconds.
 */
const chatLateMs = 400;

const script = async () =>
  Script.catch({ rooms: {}, webhooks: 'good' }).parse(
    JSON.parse(await readFile(join(folder, '.fake.json'), 'utf8').catch(() => '{}')),
  );

async function hook(room: Room, title: string, type: string, data: Record<string, unknown>): Promise<void> {
  const { webhooks } = await script();
  if (webhooks === 'none') return;
  const body = JSON.stringify({
    EventType: type,
    EventTimestamp: new Date().toISOString(),
    EventId: randomUUID(),
    EventData: {
      ...data,
      RoomId: room.roomId,
      ShortId: 0,
      Name: 'n',
      Title: title,
      AreaNameParent: 'p',
      AreaNameChild: 'c',
    },
  });
  const urls = String(config.optionalWebHookUrlsV2?.value ?? '')
    .split('\n')
    .filter(Boolean);
  for (const url of urls)
    for (let time = 0; time < (webhooks === 'bad' ? 2 : 1); time++)
      await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(
        () => {},
      );
}

async function openFile(
  room: Room,
  title: string,
  sessionId: string,
  named: string | undefined,
): Promise<void> {
  files += 1;
  // The default template has the title in the path, with what no file system takes replaced.
  const path = `${named ?? `${room.roomId}-n`}/rec-${room.roomId}-${process.pid}-${files}-${title.replaceAll('/', '_')}.flv`;
  await mkdir(dirname(join(folder, path)), { recursive: true });
  room.recording = {
    sessionId,
    path,
    written: 0,
    writing: Promise.resolve(),
    opened: new Date().toISOString(),
  };
  await openChat(room, path, title);
  const { webhooks } = await script();
  if (webhooks !== 'bad') await hook(room, title, 'FileOpening', opening(room.recording));
}

/** The chat of the file before is closed only now. */
async function openChat(room: Room, path: string, title: string): Promise<void> {
  await room.chat?.close();
  room.chat = undefined;
  const { chat = 'on' } = (await script()).rooms[String(room.roomId)] ?? {};
  if (config.optionalRecordDanmaku?.value !== true || chat === 'off') return;
  const waiting = Number(config.optionalRecordDanmakuFlushInterval?.value ?? 20);
  room.chat = await FakeChat.open(join(folder, path.replace(/\.flv$/, '.xml')), room.roomId, title, waiting);
}

/** When the session is over; the recorder goes on meanwhile. */
function closeChatLate(room: Room): void {
  const { chat } = room;
  room.chat = undefined;
  if (chat) setTimeout(() => void chat.close().catch(() => undefined), chatLateMs);
}

const opening = ({ sessionId, path, opened }: Recording) => ({
  SessionId: sessionId,
  RelativePath: path,
  FileOpenTime: opened,
});

/** One after the other: a request may close the file while the room is just being written to. */
function write(recording: Recording, upTo: number): Promise<void> {
  recording.writing = recording.writing.then(async () => {
    const to = Math.min(sample.length, Math.floor(upTo));
    if (to <= recording.written) return;
    await appendFile(join(folder, recording.path), sample.subarray(recording.written, to));
    recording.written = to;
  });
  return recording.writing;
}

async function closeFile(room: Room, title: string): Promise<void> {
  const { recording } = room;
  if (!recording) return;
  await write(recording, sample.length);
  const { size } = await stat(join(folder, recording.path));
  await hook(room, title, 'FileClosed', {
    ...opening(recording),
    FileSize: size,
    Duration: 4,
    FileCloseTime: new Date().toISOString(),
  });
  const { webhooks } = await script();
  if (webhooks === 'bad') await hook(room, title, 'FileOpening', opening(recording));
}

async function step(): Promise<void> {
  const { rooms: live } = await script();
  for (const room of rooms.values()) {
    const now = live[String(room.roomId)] ?? { streaming: false, title: '', folder: undefined, chat: 'on' };
    const wanted = now.streaming && room.autoRecord;
    if (wanted && !room.recording) {
      const session = randomUUID();
      await hook(room, now.title, 'SessionStarted', { SessionId: session });
      await openFile(room, now.title, session, now.folder);
    } else if (!wanted && room.recording) {
      const { sessionId } = room.recording;
      await closeFile(room, now.title);
      room.recording = undefined;
      closeChatLate(room);
      await hook(room, now.title, 'SessionEnded', { SessionId: sessionId });
    }
    if (room.recording) await write(room.recording, room.recording.written + sample.length / 20);
    if (now.chat === 'on') await room.chat?.say();
  }
}

const server = createServer((request, response) => {
  let text = '';
  request.on('data', (piece) => (text += String(piece)));
  request.on('end', () => {
    const answer = (status: number, body: unknown) => {
      response.statusCode = status;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(body));
    };
    if (authorization !== undefined && request.headers.authorization !== authorization)
      return answer(401, {});
    void serve(request.method ?? '', request.url ?? '', text === '' ? {} : JSON.parse(text)).then(
      ([status, body]) => answer(status, body),
      (error: unknown) => answer(500, { code: -1, message: String(error) }),
    );
  });
});

async function serve(method: string, url: string, body: Record<string, unknown>): Promise<[number, unknown]> {
  if (url === '/api/version') return [200, { fullSemVer: '2.99.0' }];
  if (url === '/api/config/global') {
    if (method === 'POST') {
      Object.assign(config, body);
      // So that a test knows what it was told.
      await writeFile(join(folder, '.fake-config'), JSON.stringify(config));
    }
    return [200, config];
  }
  if (url === '/api/room' && method === 'GET') return [200, await Promise.all([...rooms.values()].map(dto))];
  if (url === '/api/room' && method === 'POST') {
    const roomId = Number(body.roomId);
    if (roomId <= 0) return [400, { code: -2, message: 'roomid out of range' }];
    const room = rooms.get(roomId) ?? {
      roomId,
      objectId: randomUUID(),
      autoRecord: false,
      recording: undefined,
      chat: undefined,
    };
    room.autoRecord = body.autoRecord === true;
    rooms.set(roomId, room);
    return [200, await dto(room)];
  }
  const [, id = '', what] = /^\/api\/room\/(\d+)(?:\/(\w+))?$/.exec(url) ?? [];
  const room = rooms.get(Number(id));
  if (!room) return [404, { code: -4, message: 'not found' }];
  const { title = '', folder: named } = (await script()).rooms[id] ?? {};
  if (method === 'DELETE') rooms.delete(room.roomId);
  if (what === 'split' && room.recording) {
    const { sessionId } = room.recording;
    await closeFile(room, title);
    await openFile(room, title, sessionId, named);
  }
  if (what === 'stop') {
    room.autoRecord = false;
    await closeFile(room, title);
    room.recording = undefined;
    closeChatLate(room);
  }
  return [200, await dto(room)];
}

async function dto({ roomId, objectId, autoRecord, recording }: Room) {
  const now = (await script()).rooms[String(roomId)];
  return {
    objectId,
    roomId,
    autoRecord,
    shortId: 0,
    name: 'n',
    uid: 1,
    title: now?.title ?? '',
    areaNameParent: 'p',
    areaNameChild: 'c',
    recording: recording !== undefined,
    streaming: now?.streaming ?? false,
    danmakuConnected: false,
    autoRecordForThisSession: true,
    recordingStats: { durationRatio: 1, currentFileSize: recording?.written ?? 0 },
    ioStats: { networkMbps: 3, streamHost: 'fake' },
  };
}

const { hostname, port } = new URL(bind);
await new Promise<void>((resolve) => server.listen(Number(port), hostname, resolve));
// Its own pid, so that a test can kill it; and a digest of its password, so that a test knows that it got one.
await writeFile(
  join(folder, '.fake-pid'),
  `${process.pid} ${createHash('sha256')
    .update(authorization ?? '')
    .digest('hex')}`,
);
const file = await open(join(folder, '.fake-pid'), 'r');
await file.close();
while (true) {
  await step().catch((error: unknown) => process.stderr.write(`${error}\n`));
  await sleep(50);
}
