import { randomUUID } from 'node:crypto';

/** Webhooks of version 2 as BililiveRecorder sends them: shapes from its wire format, values invented. */
export function webhookMaker(options: { roomId?: number; session?: string; title?: string } = {}) {
  const { roomId = 23_058, session = randomUUID(), title = 't' } = options;
  const base = {
    RoomId: roomId,
    ShortId: 3,
    Name: 'n',
    Title: title,
    AreaNameParent: 'p',
    AreaNameChild: 'c',
    Recording: true,
    Streaming: true,
    DanmakuConnected: true,
  };
  const hook = (
    EventType: string,
    data: Record<string, unknown>,
    at = '2026-11-20T20:00:00.1000000+08:00',
  ) => ({
    EventType,
    EventTimestamp: at,
    EventId: randomUUID(),
    EventData: { ...data, ...base },
  });
  const opened = '2026-11-20T20:00:03.0670000+08:00';
  return {
    session,
    stream: (word: 'Started' | 'Ended') => hook(`Stream${word}`, {}),
    sessionStarted: (at?: string) => hook('SessionStarted', { SessionId: session }, at),
    sessionEnded: (at?: string) => hook('SessionEnded', { SessionId: session }, at),
    opening: (RelativePath: string) =>
      hook('FileOpening', { SessionId: session, RelativePath, FileOpenTime: opened }),
    closed: (RelativePath: string) =>
      hook('FileClosed', {
        SessionId: session,
        RelativePath,
        FileSize: 816_412,
        Duration: 4.992,
        FileOpenTime: opened,
        FileCloseTime: '2026-11-20T20:00:08.1000000+08:00',
      }),
    /** Version 1 of the same close. */
    closedV1: (RelativePath: string) => ({
      EventRandomId: randomUUID(),
      RoomId: roomId,
      Name: 'n',
      Title: title,
      RelativePath,
      FileSize: 816_412,
      StartRecordTime: opened,
      EndRecordTime: '2026-11-20T20:00:08.1000000+08:00',
    }),
  };
}
