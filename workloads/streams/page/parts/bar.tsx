import {
  IconAdjustmentsHorizontal,
  IconChartLine,
  IconHandClick,
  IconLanguage,
  IconMaximize,
  IconMinimize,
  IconPointer,
  IconVolume,
  IconVolumeOff,
  IconX,
} from '@tabler/icons-react';
import { type RefObject, useEffect, useRef, useState } from 'react';
import type { Player } from '../model/player.ts';
import type { PlayerState } from '../model/player-state.ts';
import { useWords } from '../texts.ts';
import classes from './bar.module.css';
import { Button, IconButton } from './button.tsx';
import { useFullscreen } from './use-fullscreen.ts';

interface BarProps {
  readonly player: Player;
  readonly state: PlayerState;
  readonly page: RefObject<HTMLElement | null>;
  readonly stats: boolean;
  readonly onStats: (shown: boolean) => void;
}

/** Without a hand on it the bar goes away by itself: the picture belongs to the application. */
const staysMs = 5_000;

/** A grip at the upper edge, and the controls that it pulls down over the picture. Ctrl+Alt+C opens them by keyboard. */
export function Bar({ player, state, page, stats, onStats }: BarProps) {
  const { say } = useWords();
  const [open, setOpen] = useState(false);
  const bar = useRef<HTMLDivElement>(null);
  const grip = useRef<HTMLButtonElement>(null);
  useAutoClose(open, bar, () => setOpen(false));

  // Before the application sees the keys: a person at the keyboard must get out of the picture.
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      if (!event.ctrlKey || !event.altKey || event.code !== 'KeyC') return;
      event.preventDefault();
      event.stopImmediatePropagation();
      setOpen(true);
    };
    window.addEventListener('keydown', onKeyDown, { capture: true });
    return () => window.removeEventListener('keydown', onKeyDown, { capture: true });
  }, []);
  useEffect(() => {
    if (open) bar.current?.querySelector('button')?.focus({ preventScroll: true });
  }, [open]);

  const close = () => {
    setOpen(false);
    player.session.focus();
  };
  return (
    <>
      {!open && (
        <button
          ref={grip}
          type="button"
          className={classes.grip}
          aria-label={say('controls.open')}
          title={say('controls.open')}
          aria-expanded={false}
          onClick={() => setOpen(true)}
        >
          <IconAdjustmentsHorizontal size={16} aria-hidden="true" />
        </button>
      )}
      {open && (
        <div
          ref={bar}
          className={classes.bar}
          role="toolbar"
          aria-label={say('controls')}
          onKeyDown={(event) => {
            if (event.key === 'Escape') close();
          }}
        >
          <Role player={player} state={state} />
          <span className={classes.space} />
          <Tools player={player} state={state} page={page} stats={stats} onStats={onStats} />
          <Leave player={player} />
          <IconButton
            label={say('controls.close')}
            icon={<IconX size={18} aria-hidden="true" />}
            onClick={close}
          />
        </div>
      )}
    </>
  );
}

function Role({ player, state }: { readonly player: Player; readonly state: PlayerState }) {
  const { say } = useWords();
  return (
    <>
      <span className={classes.role} data-role={state.role}>
        {say(`role.${state.role}`)}
      </span>
      {state.viewers > 0 && (
        <span className={classes.viewers}>{say('role.viewers', { count: state.viewers })}</span>
      )}
      {state.role === 'viewer' && (
        <Button
          look="bar"
          icon={<IconHandClick size={16} aria-hidden="true" />}
          disabled={state.askedAt !== null}
          onClick={() => {
            player.session.takeControl();
            player.change({ name: 'asked' });
          }}
        >
          {say(state.askedAt === null ? 'control.ask' : 'control.asked')}
        </Button>
      )}
    </>
  );
}

function Tools({ player, state, page, stats, onStats }: BarProps) {
  const { say, language, setLanguage } = useWords();
  const fullscreen = useFullscreen(page);
  const [finger, setFinger] = useState<'touch' | 'mouse'>('touch');
  const touches = matchMedia('(any-pointer: coarse)').matches;
  return (
    <>
      <IconButton
        label={say(state.muted ? 'sound.on' : 'sound.off')}
        icon={
          state.muted ? (
            <IconVolumeOff size={18} aria-hidden="true" />
          ) : (
            <IconVolume size={18} aria-hidden="true" />
          )
        }
        aria-pressed={state.muted}
        onClick={() => player.session.setMuted(!state.muted)}
      />
      {touches && state.role === 'controller' && (
        <IconButton
          label={say(finger === 'touch' ? 'finger.mouse' : 'finger.touch')}
          icon={
            finger === 'touch' ? (
              <IconPointer size={18} aria-hidden="true" />
            ) : (
              <IconHandClick size={18} aria-hidden="true" />
            )
          }
          onClick={() => {
            const next = finger === 'touch' ? 'mouse' : 'touch';
            setFinger(next);
            player.session.configure({ touch: next });
          }}
        />
      )}
      <IconButton
        label={say('stats.show')}
        icon={<IconChartLine size={18} aria-hidden="true" />}
        aria-pressed={stats}
        onClick={() => onStats(!stats)}
      />
      {fullscreen.possible && (
        <IconButton
          label={say(fullscreen.on ? 'fullscreen.leave' : 'fullscreen')}
          icon={
            fullscreen.on ? (
              <IconMinimize size={18} aria-hidden="true" />
            ) : (
              <IconMaximize size={18} aria-hidden="true" />
            )
          }
          onClick={fullscreen.toggle}
        />
      )}
      <IconButton
        label={say('language')}
        icon={<IconLanguage size={18} aria-hidden="true" />}
        onClick={() => setLanguage(language === 'en' ? 'zh-CN' : 'en')}
      />
    </>
  );
}

/** Ending is for good, so it is asked about; in place, where the button was. */
function Leave({ player }: { readonly player: Player }) {
  const { say } = useWords();
  const [asked, setAsked] = useState(false);
  if (!asked) {
    return (
      <Button look="bar" onClick={() => setAsked(true)}>
        {say('leave')}
      </Button>
    );
  }
  return (
    <span className={classes.sure}>
      {say('leave.sure')}
      <Button look="main" onClick={() => player.session.end()}>
        {say('leave.yes')}
      </Button>
      <Button look="bar" onClick={() => setAsked(false)}>
        {say('leave.no')}
      </Button>
    </span>
  );
}

function useAutoClose(open: boolean, bar: RefObject<HTMLDivElement | null>, close: () => void): void {
  const closing = useRef(close);
  closing.current = close;
  useEffect(() => {
    const element = bar.current;
    if (!open || !element) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const start = () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const focused = element.contains(document.activeElement) && document.hasFocus();
        if (element.matches(':hover') || (focused && document.activeElement?.matches(':focus-visible'))) {
          start();
        } else closing.current();
      }, staysMs);
    };
    start();
    element.addEventListener('pointerdown', start);
    element.addEventListener('keydown', start);
    return () => {
      clearTimeout(timer);
      element.removeEventListener('pointerdown', start);
      element.removeEventListener('keydown', start);
    };
  }, [open, bar]);
}
