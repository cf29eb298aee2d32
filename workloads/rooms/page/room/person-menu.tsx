import { type ParticipantState, trackOf } from '@backlot/sdk/rooms/state';
import { IconDots } from '@tabler/icons-react';
import { useEffect, useId, useRef, useState } from 'react';
import type { RoomSession } from '../model/room-session.ts';
import { Button } from '../parts/button.tsx';
import { useWords } from '../texts.ts';
import classes from './people.module.css';

/** What a moderator can do about somebody. It opens below the person, and asks before what can't be taken back. */
export function PersonMenu({
  person,
  session,
}: {
  readonly person: ParticipantState;
  readonly session: RoomSession;
}) {
  const { say } = useWords();
  const [open, setOpen] = useState(false);
  const [asking, setAsking] = useState(false);
  const id = useId();
  const box = useRef<HTMLSpanElement>(null);
  const { identity } = person;
  const name = person.name || identity;
  const { moderation } = session.room;
  const microphone = trackOf(person, 'microphone');
  const camera = trackOf(person, 'camera');
  useEffect(() => {
    if (!open) return;
    const away = (event: PointerEvent) => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', away);
    return () => document.removeEventListener('pointerdown', away);
  }, [open]);
  const act = (work: Promise<unknown>) => {
    setOpen(false);
    setAsking(false);
    session.moderate(work);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape closes the menu from anywhere inside
    <span
      ref={box}
      className={classes.menuBox}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        setOpen(false);
        setAsking(false);
      }}
    >
      <button
        type="button"
        className={classes.dots}
        aria-label={say('people.actions', { name })}
        title={say('people.actions', { name })}
        aria-expanded={open}
        aria-controls={id}
        onClick={() => {
          setOpen(!open);
          setAsking(false);
        }}
      >
        <IconDots size={16} aria-hidden="true" />
      </button>
      {open && (
        <span id={id} className={classes.menu}>
          {microphone && (
            <Button
              small
              onClick={() =>
                act(moderation.mute(identity, { trackId: microphone.id, muted: !microphone.muted }))
              }
            >
              {say(microphone.muted ? 'people.unmute' : 'people.mute')}
            </Button>
          )}
          {camera && !camera.paused && (
            <Button small onClick={() => act(moderation.mute(identity, { trackId: camera.id }))}>
              {say('people.stopCamera')}
            </Button>
          )}
          <Button
            small
            onClick={() => act(moderation.setRole(identity, person.role === 'host' ? 'member' : 'host'))}
          >
            {say(person.role === 'host' ? 'people.makeMember' : 'people.makeHost')}
          </Button>
          {asking ? (
            <Button small look="danger" onClick={() => act(moderation.kick(identity))}>
              {say('people.kick.sure', { name })}
            </Button>
          ) : (
            <Button small onClick={() => setAsking(true)}>
              {say('people.kick')}
            </Button>
          )}
        </span>
      )}
    </span>
  );
}
