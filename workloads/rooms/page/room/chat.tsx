import { IconSend2 } from '@tabler/icons-react';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { IconButton } from '../parts/button.tsx';
import { useWords } from '../texts.ts';
import classes from './chat.module.css';

/** What is written in the room, newest at the bottom. */
export function Chat({ session, state }: { readonly session: RoomSession; readonly state: SessionState }) {
  const { say, language } = useWords();
  const [text, setText] = useState('');
  const end = useRef<HTMLLIElement>(null);
  const self = state.room.participants.get(state.room.self);
  const mayWrite = self?.permissions?.data ?? true;
  const lines = state.chat;
  const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit' });

  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the number of lines that moves the end
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'end' });
  }, [lines.length]);

  const send = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === '') return;
    void session.say(text.trim());
    setText('');
  };
  return (
    <div className={classes.chat}>
      {lines.length === 0 ? (
        <p className={`dim ${classes.empty}`}>{say('chat.empty')}</p>
      ) : (
        <ol className={classes.lines} aria-live="polite">
          {lines.map((line) => (
            <li key={line.id} className={classes.line} data-own={line.own || undefined}>
              <p className={classes.meta}>
                <strong>{line.own ? say('you') : line.name || say('chat.api')}</strong>
                <time dateTime={new Date(line.at).toISOString()}>{time.format(line.at)}</time>
              </p>
              <p className={classes.text}>{line.text}</p>
              {line.failed && <p className={classes.failed}>{say('chat.failed')}</p>}
            </li>
          ))}
          <li ref={end} aria-hidden="true" />
        </ol>
      )}
      <form className={classes.form} onSubmit={send}>
        <input
          aria-label={say('chat.write')}
          placeholder={say(mayWrite ? 'chat.write' : 'chat.forbidden')}
          value={text}
          maxLength={4_000}
          disabled={!mayWrite}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <IconButton
          type="submit"
          label={say('chat.send')}
          icon={<IconSend2 size={18} />}
          disabled={!mayWrite || text.trim() === ''}
        />
      </form>
    </div>
  );
}
