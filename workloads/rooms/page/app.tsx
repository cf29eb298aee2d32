import { nameOfToken } from '@backlot/sdk/rooms/address';
import { useEffect, useMemo, useRef, useState } from 'react';
import { JoinPage } from './join/join-page.tsx';
import { MessagePage } from './join/message-page.tsx';
import { remember } from './model/kept.ts';
import type { RoomLink } from './model/link.ts';
import { LocalMedia } from './model/local-media.ts';
import { sayProblem } from './model/problem.ts';
import { RoomSession } from './model/room-session.ts';
import { useStore } from './model/store.ts';
import { Button } from './parts/button.tsx';
import { RoomPage } from './room/room-page.tsx';
import { isTextKey, useWords } from './texts.ts';

/** A third of the page's code, which comes while one looks at oneself. */
const library = () => import('@backlot/sdk/rooms');

/** From the link to the room and out of it again. */
export function App({ link }: { readonly link: RoomLink }) {
  const { say } = useWords();
  if (link.room === undefined) {
    return <MessagePage title={say('join.noRoom')} text={say('join.noRoom.text')} />;
  }
  return <Entrance room={link.room} token={link.token} />;
}

function Entrance({ room, token }: { readonly room: string; readonly token: string | undefined }) {
  const { say, language } = useWords();
  const media = useLocalMedia();
  const [session, setSession] = useState<RoomSession | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const trying = useRef<AbortController>(null);

  useEffect(() => {
    document.title = `${room} · Backlot`;
    // What can't be loaded now is asked for again by joining, which then says so.
    library().catch(() => undefined);
  }, [room]);
  // Whoever closes the tab has left: the others should not see a frozen picture until a time-out.
  useEffect(() => {
    const onHide = () => void session?.leave();
    window.addEventListener('pagehide', onHide);
    return () => window.removeEventListener('pagehide', onHide);
  }, [session]);

  const join = async (displayName: string) => {
    remember('name', displayName);
    setBusy(true);
    setProblem(null);
    const controller = new AbortController();
    trying.current = controller;
    try {
      const { Room } = await library();
      const joined = await Room.connect({
        url: location.origin,
        room,
        ...(token === undefined ? {} : { token }),
        displayName,
        language,
        device: deviceOf(navigator.userAgent),
        signal: controller.signal,
      });
      setSession(new RoomSession(joined, media));
    } catch (error) {
      if (!controller.signal.aborted) setProblem(error);
    } finally {
      setBusy(false);
    }
  };

  if (session) {
    return (
      <InRoom
        session={session}
        onAgain={() => {
          session.close();
          setSession(null);
          void media.start();
        }}
      />
    );
  }
  return (
    <JoinPage
      room={room}
      media={media}
      invitedAs={token === undefined ? '' : (nameOfToken(token) ?? '')}
      busy={busy}
      problem={problem === null ? null : sayProblem(problem, say)}
      onJoin={(name) => void join(name)}
    />
  );
}

function InRoom({ session, onAgain }: { readonly session: RoomSession; readonly onAgain: () => void }) {
  const { say } = useWords();
  const { ended, room } = useStore(session);
  const isOver = ended !== null;
  useEffect(() => {
    if (isOver) session.media.stop();
  }, [isOver, session]);
  if (ended) {
    const title = `end.${ended.reason}`;
    const text = `${title}.text`;
    return (
      <MessagePage
        title={say(isTextKey(title) ? title : 'end.timed_out')}
        text={isTextKey(text) ? say(text) : sayProblem(ended.error, say)}
      >
        {ended.reason !== 'denied' && (
          <Button look="main" onClick={onAgain}>
            {say('end.again')}
          </Button>
        )}
      </MessagePage>
    );
  }
  if (room.phase === 'lobby' || room.self === '') {
    return (
      <MessagePage title={say('lobby.title')} text={say('lobby.text', { room: room.room.name })} busy>
        <Button onClick={() => void session.leave()}>{say('leave')}</Button>
      </MessagePage>
    );
  }
  return <RoomPage session={session} />;
}

function useLocalMedia(): LocalMedia {
  const media = useMemo(() => new LocalMedia(), []);
  useEffect(() => {
    void media.start();
    return () => media.stop();
  }, [media]);
  return media;
}

/** What others see of this browser. */
function deviceOf(userAgent: string): { readonly name: string; readonly version: string } {
  const found = /(Firefox|Edg|OPR|Chrome|Version)\/(\d+)/.exec(userAgent);
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', Version: 'Safari' };
  const name = found?.[1] ?? 'Browser';
  return { name: names[name] ?? name, version: found?.[2] ?? '' };
}
