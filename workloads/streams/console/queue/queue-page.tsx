import {
  AsMenu,
  type Column,
  DataTable,
  Duration,
  EmptyState,
  Link,
  ListView,
  Page,
  useFormat,
  useGoTo,
  useList,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { IconHourglassEmpty } from '@tabler/icons-react';
import type { Session } from '../../contract/api.ts';
import { paths, sessionsQuery } from '../queries.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { streamTexts } from '../texts.ts';

/** Who waits for an instance, in the order in which they will get one. */
export default function QueuePage() {
  const say = useTexts(streamTexts);
  const { project } = useSession();
  const list = useList(sessionsQuery({ projectId: project?.id, state: 'waiting' }));
  return (
    <Page
      title={say('title')}
      aside={<ViewTabs active="queue" />}
      actions={<AsMenu apiPath={`${paths.sessions}?state=waiting`} />}
      fill
    >
      <ListView list={list} rows={6}>
        {(sessions) =>
          sessions.length === 0 ? (
            <EmptyState icon={<IconHourglassEmpty size={32} stroke={1.3} />} title={say('queue.none')}>
              {say('queue.none.text')}
            </EmptyState>
          ) : (
            <QueueTable sessions={sessions} onEnd={list.more} />
          )
        }
      </ListView>
    </Page>
  );
}

function QueueTable({
  sessions,
  onEnd,
}: {
  readonly sessions: readonly Session[];
  readonly onEnd: () => void;
}) {
  const say = useTexts(streamTexts);
  const format = useFormat();
  const goTo = useGoTo();
  const ordered = [...sessions].sort(
    (a, b) =>
      a.appName.localeCompare(b.appName) ||
      (a.queue?.position ?? Number.MAX_SAFE_INTEGER) - (b.queue?.position ?? Number.MAX_SAFE_INTEGER),
  );
  const columns: readonly Column<Session>[] = [
    {
      key: 'place',
      header: say('col.place'),
      width: '70px',
      align: 'end',
      phone: 'end',
      cell: (one) => one.queue?.position ?? <span className="dim">–</span>,
    },
    {
      key: 'app',
      header: say('col.app'),
      width: 'minmax(120px, 2fr)',
      phone: 'title',
      cell: (one) => <Link to={`/streams/apps/${one.app}`}>{one.appName}</Link>,
    },
    {
      key: 'who',
      header: say('col.who'),
      width: 'minmax(100px, 2fr)',
      phone: 'meta',
      cell: (one) => one.subject || <span className="dim">{say('anonymous')}</span>,
    },
    {
      key: 'waited',
      header: say('session.queued'),
      width: '120px',
      align: 'end',
      phone: 'meta',
      cell: (one) => <Duration from={one.requestedAt} />,
    },
    {
      key: 'estimate',
      header: say('col.estimate'),
      width: '140px',
      align: 'end',
      phone: 'meta',
      cell: (one) =>
        one.queue?.estimateMs == null ? (
          <span className="dim">{say('estimate.unknown')}</span>
        ) : (
          `≈ ${format.duration(one.queue.estimateMs)}`
        ),
    },
  ];
  return (
    <DataTable
      label={say('view.queue')}
      columns={columns}
      rows={ordered}
      rowKey={(one) => one.id}
      onOpen={(one) => goTo(`/streams/sessions/${one.id}`)}
      onEnd={onEnd}
      fill
    />
  );
}
