import {
  IconChartBar,
  IconLayoutGrid,
  IconLayoutSidebarRight,
  IconMessage,
  IconMicrophone,
  IconMicrophoneOff,
  IconPhoneX,
  IconScreenShare,
  IconScreenShareOff,
  IconSettings,
  IconUsers,
  IconVideo,
  IconVideoOff,
} from '@tabler/icons-react';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { useStore } from '../model/store.ts';
import { IconButton } from '../parts/button.tsx';
import { useWords } from '../texts.ts';
import classes from './bar.module.css';
import { keyOf, type RoomAction } from './keys.ts';
import type { View } from './stage.tsx';

export type PanelName = 'chat' | 'people' | 'stats' | 'settings';

interface BarProps {
  readonly session: RoomSession;
  readonly state: SessionState;
  readonly view: View;
  readonly panel: PanelName | null;
  readonly unread: number;
  readonly onAct: (action: RoomAction) => void;
  readonly onPanel: (panel: PanelName) => void;
  readonly onLeave: () => void;
}

const size = 20;

/** What one does in a room, always in the same place. */
export function Bar({ session, state, view, panel, unread, onAct, onPanel, onLeave }: BarProps) {
  const { say } = useWords();
  const { camera, microphone } = useStore(session.media);
  const self = state.room.participants.get(state.room.self);
  const may = self?.permissions?.publish ?? [];
  const canShare = typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  const look = (name: PanelName) => (panel === name ? 'on' : 'plain');
  return (
    <div className={classes.bar} role="toolbar" aria-label={say('controls')}>
      <span className={classes.group}>
        {may.includes('microphone') && (
          <IconButton
            label={say(microphone.on ? 'mic.off' : 'mic.on')}
            hint={keyOf('microphone')}
            look={microphone.on ? 'plain' : 'off'}
            icon={microphone.on ? <IconMicrophone size={size} /> : <IconMicrophoneOff size={size} />}
            onClick={() => onAct('microphone')}
          />
        )}
        {may.includes('camera') && (
          <IconButton
            label={say(camera.on ? 'cam.off' : 'cam.on')}
            hint={keyOf('camera')}
            look={camera.on ? 'plain' : 'off'}
            icon={camera.on ? <IconVideo size={size} /> : <IconVideoOff size={size} />}
            onClick={() => onAct('camera')}
          />
        )}
        {may.includes('screen') && canShare && (
          <IconButton
            label={say(state.screen ? 'screen.off' : 'screen.on')}
            hint={keyOf('screen')}
            look={state.screen ? 'on' : 'plain'}
            icon={state.screen ? <IconScreenShareOff size={size} /> : <IconScreenShare size={size} />}
            onClick={() => onAct('screen')}
          />
        )}
      </span>
      <span className={classes.group}>
        <span className={classes.wide}>
          <IconButton
            label={say(view === 'grid' ? 'view.speaker' : 'view.grid')}
            hint={keyOf('view')}
            icon={view === 'grid' ? <IconLayoutSidebarRight size={size} /> : <IconLayoutGrid size={size} />}
            onClick={() => onAct('view')}
          />
        </span>
        <IconButton
          label={say('chat')}
          hint={keyOf('chat')}
          look={look('chat')}
          aria-expanded={panel === 'chat'}
          count={unread}
          icon={<IconMessage size={size} />}
          onClick={() => onAct('chat')}
        />
        <IconButton
          label={say('people')}
          hint={keyOf('people')}
          look={look('people')}
          aria-expanded={panel === 'people'}
          count={self?.permissions?.admin ? state.room.waiting.length : 0}
          icon={<IconUsers size={size} />}
          onClick={() => onAct('people')}
        />
        <span className={classes.wide}>
          <IconButton
            label={say('stats')}
            hint={keyOf('stats')}
            look={look('stats')}
            aria-expanded={panel === 'stats'}
            icon={<IconChartBar size={size} />}
            onClick={() => onAct('stats')}
          />
        </span>
        <IconButton
          label={say('settings')}
          look={look('settings')}
          aria-expanded={panel === 'settings'}
          icon={<IconSettings size={size} />}
          onClick={() => onPanel('settings')}
        />
      </span>
      <IconButton label={say('leave')} look="leave" icon={<IconPhoneX size={size} />} onClick={onLeave} />
    </div>
  );
}
