import { IconVolume } from '@tabler/icons-react';
import { type FormEvent, useEffect, useState } from 'react';
import type { Player } from '../model/player.ts';
import type { PlayerState } from '../model/player-state.ts';
import { clockText, isTextKey, useWords } from '../texts.ts';
import { Button } from './button.tsx';
import classes from './notices.module.css';
import { useClock } from './use-clock.ts';

interface NoticesProps {
  readonly player: Player;
  readonly state: PlayerState;
}

/** What must be said while the picture runs: stacked at the lower edge, over it, so that nothing moves. */
export function Notices({ player, state }: NoticesProps) {
  const { say } = useWords();
  return (
    <div className={classes.notices} role="status" aria-live="polite">
      {state.warning && <Warning player={player} warning={state.warning} />}
      {state.phase === 'reconnecting' && state.hasPicture && (
        <p className={classes.notice}>
          <span className={classes.dot} aria-hidden="true" />
          {say('reconnecting.over', { attempt: Math.max(1, state.attempt) })}
        </p>
      )}
      {state.wanting.slice(0, 3).map((one) => (
        <div key={one.by} className={classes.notice}>
          <span className={classes.grow}>
            {say('control.wanted', { name: one.name || say('control.somebody') })}
          </span>
          <Button
            look="main"
            onClick={() => {
              player.session.handOver(one.by);
              player.change({ name: 'answered', by: one.by });
            }}
          >
            {say('control.give')}
          </Button>
          <Button look="bar" onClick={() => player.change({ name: 'answered', by: one.by })}>
            {say('control.keep')}
          </Button>
        </div>
      ))}
      {state.refused && state.hasPicture && <Refusal player={player} refused={state.refused} />}
      {state.soundBlocked && state.phase === 'playing' && (
        <button
          type="button"
          className={classes.notice}
          onClick={() => {
            player.session.setMuted(false);
            player.session.focus();
          }}
        >
          <IconVolume size={16} aria-hidden="true" />
          {say('sound.blocked')}
        </button>
      )}
      {state.textWanted !== null && <TextEntry player={player} contents={state.textWanted} />}
    </div>
  );
}

function Warning({
  player,
  warning,
}: {
  readonly player: Player;
  readonly warning: NonNullable<PlayerState['warning']>;
}) {
  const { say } = useWords();
  const now = useClock(true, 250);
  return (
    <div className={classes.warning} role="alert">
      <div className={classes.grow}>
        <strong>{say(`warning.${warning.why}`)}</strong>
        <p>
          {say(`warning.${warning.why}.text`)}{' '}
          <span className={classes.count} aria-live="off">
            {clockText(warning.endsAt - now)}
          </span>
        </p>
      </div>
      {warning.why === 'idle' && (
        <Button
          look="main"
          onClick={() => {
            player.session.stay();
            player.session.focus();
          }}
        >
          {say('warning.stay')}
        </Button>
      )}
    </div>
  );
}

const refusalStaysMs = 6_000;

function Refusal({
  player,
  refused,
}: {
  readonly player: Player;
  readonly refused: NonNullable<PlayerState['refused']>;
}) {
  const { say } = useWords();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another refusal stays its own time
  useEffect(() => {
    const timer = setTimeout(() => player.change({ name: 'refusalRead' }), refusalStaysMs);
    return () => clearTimeout(timer);
  }, [player, refused]);
  const key = `code.${refused.code}`;
  return <p className={classes.notice}>{isTextKey(key) ? say(key) : refused.message}</p>;
}

/** The application waits for text: written here, with whatever keyboard the device has. */
function TextEntry({ player, contents }: { readonly player: Player; readonly contents: string }) {
  const { say } = useWords();
  const [text, setText] = useState(contents);
  const send = (event: FormEvent) => {
    event.preventDefault();
    player.session.sendText(text);
    player.change({ name: 'textDone' });
    player.session.focus();
  };
  return (
    <form className={classes.notice} onSubmit={send}>
      <input
        className={classes.input}
        aria-label={say('text.title')}
        placeholder={say('text.title')}
        value={text}
        // biome-ignore lint/a11y/noAutofocus: the application has just asked for this text
        autoFocus
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <Button look="main" type="submit">
        {say('text.send')}
      </Button>
      <Button look="bar" onClick={() => player.change({ name: 'textDone' })}>
        {say('close')}
      </Button>
    </form>
  );
}
