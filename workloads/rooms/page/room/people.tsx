import { type ParticipantState, qualityOf, trackOf } from '@backlot/sdk/rooms/state';
import {
  IconDoorEnter,
  IconLock,
  IconLockOpen,
  IconMicrophone,
  IconMicrophoneOff,
  IconVideo,
  IconVideoOff,
  IconVolumeOff,
} from '@tabler/icons-react';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { Avatar } from '../parts/avatar.tsx';
import { Button } from '../parts/button.tsx';
import { QualityMark } from '../parts/quality-mark.tsx';
import { type TextKey, useWords } from '../texts.ts';
import classes from './people.module.css';
import { PersonMenu } from './person-menu.tsx';

/** Who is here, who waits, and what those who moderate can do about it. */
export function People({ session, state }: { readonly session: RoomSession; readonly state: SessionState }) {
  const { say } = useWords();
  const { room } = state;
  const self = room.participants.get(room.self);
  const moderates = self?.permissions?.admin ?? false;
  const { moderation } = session.room;
  const people = [...room.participants.values()];
  return (
    <div className={classes.people}>
      {moderates && (
        <div className={classes.tools}>
          <Button
            small
            icon={<IconVolumeOff size={14} />}
            onClick={() => session.moderate(moderation.muteAll())}
          >
            {say('people.muteAll')}
          </Button>
          <Button
            small
            aria-pressed={room.room.locked}
            icon={room.room.locked ? <IconLock size={14} /> : <IconLockOpen size={14} />}
            onClick={() => session.moderate(moderation.lock(!room.room.locked))}
          >
            {say(room.room.locked ? 'people.locked' : 'people.lock')}
          </Button>
          <Button
            small
            aria-pressed={room.room.lobby}
            icon={<IconDoorEnter size={14} />}
            onClick={() => session.moderate(moderation.lobby(!room.room.lobby))}
          >
            {say('people.lobby')}
          </Button>
        </div>
      )}
      {moderates && room.waiting.length > 0 && (
        <section className={classes.waiting} aria-label={say('people.waiting')}>
          <h3>{say('people.waiting')}</h3>
          <ul>
            {room.waiting.map(({ identity, name }) => (
              <li key={identity} className={classes.person}>
                <Avatar name={name || identity} small />
                <span className={classes.name}>{name || identity}</span>
                <Button small look="main" onClick={() => session.moderate(moderation.admit(identity))}>
                  {say('people.admit')}
                </Button>
                <Button small onClick={() => session.moderate(moderation.deny(identity))}>
                  {say('people.deny')}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <h3 className={classes.count}>{say('people.count', { n: people.length })}</h3>
      <ul className={classes.list}>
        {people.map((person) => (
          <Person
            key={person.identity}
            person={person}
            session={session}
            state={state}
            moderates={moderates && person.identity !== room.self}
          />
        ))}
      </ul>
    </div>
  );
}

interface PersonProps {
  readonly person: ParticipantState;
  readonly session: RoomSession;
  readonly state: SessionState;
  readonly moderates: boolean;
}

function Person({ person, session, state, moderates }: PersonProps) {
  const { say } = useWords();
  const isSelf = person.identity === state.room.self;
  const microphone = trackOf(person, 'microphone');
  const camera = trackOf(person, 'camera');
  const name = isSelf ? say('tile.you', { name: person.name }) : person.name || person.identity;
  return (
    <li className={classes.person}>
      <Avatar name={person.name || person.identity} small />
      <span className={classes.name}>
        {name}
        <small>{person.away ? say('away') : say(`role.${person.role}` as TextKey)}</small>
      </span>
      <span className={classes.marks}>
        <QualityMark quality={qualityOf(state.room, person)} on="surface" />
        {microphone && !microphone.paused ? (
          <IconMicrophone size={16} aria-label={say('microphone')} />
        ) : (
          <IconMicrophoneOff size={16} className={classes.off} aria-label={say('tile.muted')} />
        )}
        {camera && !camera.paused ? (
          <IconVideo size={16} aria-label={say('camera')} />
        ) : (
          <IconVideoOff size={16} className={classes.off} aria-label={say('preview.off')} />
        )}
      </span>
      {moderates && <PersonMenu person={person} session={session} />}
    </li>
  );
}
