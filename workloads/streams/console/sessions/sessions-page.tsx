import {
  AsMenu,
  Duration,
  EmptyState,
  Link,
  ListView,
  Page,
  Thumbnail,
  useList,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { SegmentedControl } from '@mantine/core';
import { IconDeviceTv } from '@tabler/icons-react';
import type { Session } from '../../contract/api.ts';
import { paths, sessionsQuery } from '../queries.ts';
import { SessionBadge } from '../shared/states.tsx';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { streamTexts } from '../texts.ts';
import { isAway, SessionTable } from './session-table.tsx';
import classes from './sessions-page.module.css';

/** Who is in a session now, as pictures or as a table; and who was. */
export default function SessionsPage() {
  const say = useTexts(streamTexts);
  const { project } = useSession();
  const [which, setWhich] = useSearch('which');
  const [as, setAs] = useSearch('as');
  const past = which === 'past';
  const table = as === 'table' || past;
  const list = useList(sessionsQuery({ projectId: project?.id, open: !past }));
  return (
    <Page
      title={say('title')}
      aside={<ViewTabs active="sessions" />}
      actions={<AsMenu apiPath={paths.sessions} />}
      fill={table}
      toolbar={
        <>
          <SegmentedControl
            aria-label={say('sessions.which')}
            value={past ? 'past' : 'open'}
            data={[
              { value: 'open', label: say('sessions.open') },
              { value: 'past', label: say('sessions.past') },
            ]}
            onChange={(value) => setWhich(value === 'past' ? 'past' : undefined)}
          />
          {!past && (
            <SegmentedControl
              aria-label={say('sessions.as')}
              value={table ? 'table' : 'wall'}
              data={[
                { value: 'wall', label: say('sessions.wall') },
                { value: 'table', label: say('sessions.table') },
              ]}
              onChange={(value) => setAs(value === 'table' ? 'table' : undefined)}
            />
          )}
        </>
      }
    >
      <ListView list={list} rows={6}>
        {(sessions) => {
          if (sessions.length === 0) {
            return past ? (
              <EmptyState title={say('sessions.none.past')} />
            ) : (
              <EmptyState
                icon={<IconDeviceTv size={32} stroke={1.3} />}
                title={say('sessions.none')}
                action={<Link to="/streams">{say('view.apps')}</Link>}
              >
                {say('sessions.none.text')}
              </EmptyState>
            );
          }
          if (table) return <SessionTable sessions={sessions} onEnd={list.more} fill />;
          return (
            <ul className={classes.wall}>
              {sessions.map((session) => (
                <Screen key={session.id} session={session} />
              ))}
            </ul>
          );
        }}
      </ListView>
    </Page>
  );
}

function Screen({ session }: { readonly session: Session }) {
  const say = useTexts(streamTexts);
  return (
    <li className={classes.screen}>
      <Link to={`/streams/sessions/${session.id}`} className={classes.link}>
        <Thumbnail
          address={
            session.activeAt === null || session.instanceId === null
              ? null
              : paths.thumbnail(session.instanceId)
          }
          alt={say('alt', { app: session.appName })}
        />
        <span className={classes.name}>{session.appName}</span>
      </Link>
      <div className={classes.line}>
        <SessionBadge state={session.state} away={isAway(session)} />
        <span className="dim">
          <Duration from={session.activeAt ?? session.requestedAt} />
        </span>
      </div>
      <div className={classes.line}>
        <span className={`dim ${classes.gives}`}>{session.subject || say('anonymous')}</span>
        <span className="dim">{session.nodeName}</span>
      </div>
    </li>
  );
}
