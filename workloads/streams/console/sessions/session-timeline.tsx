import { toneColor, useFormat, useTexts } from '@backlot/console/workload';
import type { SessionDetail } from '../../contract/api.ts';
import { SessionState } from '../../contract/session.ts';
import { stateTexts } from '../shared/state-texts.ts';
import { sessionTone } from '../shared/states.tsx';
import { streamTexts } from '../texts.ts';
import classes from './session-page.module.css';

/** Every state that the session was in and what happened in it, each with the time since the one before. */
export function SessionTimeline({ session }: { readonly session: SessionDetail }) {
  const format = useFormat();
  const word = useHappening(session);
  return (
    <ol className={classes.happened}>
      {session.timeline.map((entry, at) => {
        const state = SessionState.safeParse(entry.what);
        const before = session.timeline[at - 1];
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: entries are only ever added at the end
          <li key={at}>
            <time className="dim" dateTime={entry.at} title={format.moment(entry.at)}>
              {format.timeOfDay(entry.at)}
            </time>
            <span
              className={classes.dot}
              style={{ background: toneColor(state.success ? sessionTone(state.data) : 'idle') }}
              aria-hidden="true"
            />
            <span>{word(entry)}</span>
            <span className="dim">
              {before && `+ ${format.duration(Date.parse(entry.at) - Date.parse(before.at))}`}
            </span>
          </li>
        );
      })}
    </ol>
  );
}

/** A line of the timeline in words. */
function useHappening(session: SessionDetail): (entry: SessionDetail['timeline'][number]) => string {
  const say = useTexts(streamTexts);
  const sayState = useTexts(stateTexts);
  return ({ what, detail }) => {
    const state = SessionState.safeParse(what);
    if (state.success) {
      const end = state.data === 'ended' && session.end ? `: ${sayState(`end.${session.end.reason}`)}` : '';
      return `${sayState(`session.${state.data}`)}${end}`;
    }
    const id = String(detail.playerId ?? detail.player ?? '');
    const name = session.players.find((one) => one.id === id)?.subject;
    const player = name || say('session.player', { id });
    switch (what) {
      case 'joined':
      case 'left':
      case 'control':
      case 'kicked':
        return say(`at.${what}`, { player });
      case 'away':
      case 'back':
      case 'warning':
        return say(`at.${what}`);
      default:
        return what;
    }
  };
}
