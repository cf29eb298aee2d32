import { IconLock, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { recall, remember } from '../model/kept.ts';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { useStore } from '../model/store.ts';
import { IconButton } from '../parts/button.tsx';
import { RemoteAudio } from '../parts/video.tsx';
import { type TextKey, useWords } from '../texts.ts';
import { Bar, type PanelName } from './bar.tsx';
import { Chat } from './chat.tsx';
import { type RoomAction, useKeys } from './keys.ts';
import { Notices } from './notices.tsx';
import { People } from './people.tsx';
import classes from './room-page.module.css';
import { SettingsPanel } from './settings-panel.tsx';
import { Stage, type View } from './stage.tsx';
import { StatsPanel } from './stats-panel.tsx';

/** The room itself: everybody's pictures, what one does below them, one panel beside them. */
export function RoomPage({ session }: { readonly session: RoomSession }) {
  const { say } = useWords();
  const state = useStore(session);
  const { speakerId } = useStore(session.media);
  const [view, setView] = useState<View>(() => (recall('view') === 'speaker' ? 'speaker' : 'grid'));
  const [pinned, setPinned] = useState<string | null>(null);
  const [panel, setPanel] = useState<PanelName | null>(null);
  const unread = useUnread(state, panel === 'chat');
  const { room } = state.room;
  const count = state.room.participants.size;

  useEffect(() => {
    document.title = `${room.name} · Backlot`;
  }, [room.name]);

  const open = (name: PanelName) => setPanel((before) => (before === name ? null : name));
  const act = (action: RoomAction) => {
    const { media } = session;
    if (action === 'microphone' || action === 'camera') void media.setOn(action, !media.get()[action].on);
    else if (action === 'screen') void session.toggleScreen();
    else if (action === 'view') {
      const next = view === 'grid' ? 'speaker' : 'grid';
      remember('view', next);
      setPinned(null);
      setView(next);
    } else open(action);
  };
  useKeys(act, () => setPanel(null));

  return (
    <div className={classes.page}>
      <header className={classes.top}>
        <h1>{room.name}</h1>
        <span className="dim">{say('people.count', { n: count })}</span>
        {room.locked && (
          <span className={classes.mark}>
            <IconLock size={13} aria-hidden="true" />
            {say('people.locked')}
          </span>
        )}
        {room.recording && (
          <span className={classes.mark} data-recording>
            <span className={classes.dot} aria-hidden="true" />
            {say('notice.recording')}
          </span>
        )}
      </header>
      <div className={classes.middle}>
        <main className={classes.stage}>
          <Notices session={session} state={state} />
          <Stage session={session} state={state} view={view} pinned={pinned} onPin={setPinned} />
        </main>
        {panel !== null && (
          <aside className={classes.panel} aria-label={say(panel as TextKey)}>
            <header className={classes.panelHead}>
              <h2>{say(panel as TextKey)}</h2>
              <IconButton label={say('close')} icon={<IconX size={16} />} onClick={() => setPanel(null)} />
            </header>
            {panel === 'chat' && <Chat session={session} state={state} />}
            {panel === 'people' && <People session={session} state={state} />}
            {panel === 'stats' && <StatsPanel session={session} state={state} />}
            {panel === 'settings' && <SettingsPanel session={session} />}
          </aside>
        )}
      </div>
      <Bar
        session={session}
        state={state}
        view={view}
        panel={panel}
        unread={unread}
        onAct={act}
        onPanel={open}
        onLeave={() => void session.leave()}
      />
      {[...state.remote.values()]
        .filter((track) => track.kind === 'audio')
        .map((track) => (
          <RemoteAudio key={track.consumerId} track={track} speakerId={speakerId} />
        ))}
    </div>
  );
}

/** Lines of others that were written while the chat was closed. */
function useUnread(state: SessionState, isOpen: boolean): number {
  const last = state.chat.at(-1)?.id ?? 0;
  const [seen, setSeen] = useState(0);
  useEffect(() => {
    if (isOpen) setSeen(last);
  }, [isOpen, last]);
  return isOpen ? 0 : state.chat.filter((line) => line.id > seen && !line.own).length;
}
