import { IconX } from '@tabler/icons-react';
import { sayProblem } from '../model/problem.ts';
import type { RoomSession, SessionState } from '../model/room-session.ts';
import { useWords } from '../texts.ts';
import classes from './notices.module.css';

/** What just happened, and what is being repaired. What lasts stays; the rest goes by itself. */
export function Notices({ session, state }: { readonly session: RoomSession; readonly state: SessionState }) {
  const { say } = useWords();
  const { phase } = state.room;
  const lasting =
    phase === 'reconnecting'
      ? say('notice.reconnecting')
      : phase === 'moving'
        ? say('notice.moving')
        : state.rebuilding
          ? say('notice.media')
          : null;
  return (
    <div className={classes.notices} role="status" aria-live="polite">
      {lasting !== null && (
        <p className={classes.notice} data-lasting>
          <span className={classes.pulse} aria-hidden="true" />
          {lasting}
        </p>
      )}
      {state.notices.map(({ id, key, params, error }) => (
        <p key={id} className={classes.notice} data-failed={key === null || undefined}>
          {key === null ? sayProblem(error, say) : say(key, params)}
          <button type="button" aria-label={say('close')} onClick={() => session.dismiss(id)}>
            <IconX size={14} aria-hidden="true" />
          </button>
        </p>
      ))}
    </div>
  );
}
