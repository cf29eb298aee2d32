import {
  Placeholder,
  ProblemNotice,
  TextFilter,
  useFormat,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { Switch } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { ChatLine } from '../../../contract/chat.ts';
import type { ChatChoices } from './chat-choices.ts';
import { ChatList } from './chat-list.tsx';
import classes from './chat-panel.module.css';
import { chatQuery } from './chat-query.ts';
import { KindFilter } from './kind-filter.tsx';
import { filmClock } from './line.ts';
import { linesWith, withoutKinds } from './lines-at.ts';
import type { Chat } from './parse-chat.ts';
import { chatTexts } from './texts.ts';
import { useLinesShown } from './use-lines-shown.ts';

interface ChatPanelProps {
  readonly artifactId: string;
  /** Null while there is none that plays; then all of the chat is there to be read. */
  readonly video: HTMLVideoElement | null;
  readonly choices: ChatChoices;
  readonly choose: (next: Partial<ChatChoices>) => void;
}

/** What people wrote while the film was live, beside it. */
export function ChatPanel(props: ChatPanelProps) {
  const say = useTexts(chatTexts);
  const chat = useQuery(chatQuery(props.artifactId));
  return (
    <section className={classes.panel} aria-label={say('title')}>
      {chat.data ? (
        <Whole chat={chat.data} {...props} />
      ) : chat.isError ? (
        <div className={classes.notice}>
          <p>{say('error')}</p>
          <ProblemNotice error={chat.error} onRetry={() => void chat.refetch()} />
        </div>
      ) : (
        <div className={classes.notice}>
          <Placeholder rows={8} />
        </div>
      )}
    </section>
  );
}

function Whole({ chat, video, choices, choose }: ChatPanelProps & { readonly chat: Chat }) {
  const say = useTexts(chatTexts);
  const format = useFormat();
  const search = useTextSearch();
  const { hidden } = choices;
  const chosen = useMemo(() => withoutKinds(chat.lines, hidden), [chat, hidden]);
  const found = useMemo(
    () => (search.wanted === undefined ? undefined : linesWith(chosen, search.wanted)),
    [chosen, search.wanted],
  );
  const lines = found ?? chosen;
  const shown = useLinesShown(video, lines);
  const count = found ? lines.length : shown;
  // A millisecond later, because a player may come to rest a little before the time that it was sent to.
  const onSeek = video
    ? ({ ms }: ChatLine) => {
        video.currentTime = (ms + 1) / 1000;
      }
    : undefined;
  return (
    <>
      <div className={classes.tools}>
        <TextFilter label={say('search')} search={search} />
        {video && (
          <Switch
            label={say('over')}
            checked={choices.over}
            onChange={(event) => choose({ over: event.currentTarget.checked })}
          />
        )}
        <KindFilter lines={chat.lines} hidden={hidden} onHide={(next) => choose({ hidden: next })} />
      </div>
      {found && found.length > 0 && (
        <p className={classes.note}>
          {say('matches', { count: found.length, shown: format.number(found.length) })}
        </p>
      )}
      {count === 0 ? (
        <p className={classes.empty}>{emptyText()}</p>
      ) : (
        <ChatList
          // Another choice is another list, and so is one without a player: where its reader was says nothing here.
          key={`${video !== null} ${hidden.join()} ${search.wanted ?? ''}`}
          label={say(found ? 'found' : 'list')}
          lines={lines}
          count={count}
          now={video ? shown - 1 : -1}
          follows={video !== null && found === undefined}
          onSeek={onSeek}
        />
      )}
      <Flaws chat={chat} />
    </>
  );

  function emptyText(): string {
    if (chat.lines.length === 0) return say('none.all');
    if (chosen.length === 0) return say('none.kinds');
    const [first] = lines;
    return first ? say('none.yet', { time: filmClock(first.ms) }) : say('none.found');
  }
}

/** What of the file is not here. */
function Flaws({ chat }: { readonly chat: Chat }) {
  const say = useTexts(chatTexts);
  const format = useFormat();
  if (chat.bad === 0 && !chat.cut) return null;
  return (
    <div className={classes.flaws}>
      {chat.cut && <p>{say('cut', { count: chat.lines.length, shown: format.number(chat.lines.length) })}</p>}
      {chat.bad > 0 && <p>{say('bad', { count: chat.bad, shown: format.number(chat.bad) })}</p>}
    </div>
  );
}
