import { Ago, type Column, DataTable, Duration, Link, useGoTo, useTexts } from '@backlot/console/workload';
import type { Session } from '../../contract/api.ts';
import { stateTexts } from '../shared/state-texts.ts';
import { SessionBadge } from '../shared/states.tsx';
import { streamTexts } from '../texts.ts';

interface SessionTableProps {
  readonly sessions: readonly Session[];
  readonly onEnd: () => void;
  readonly withApp?: boolean;
  readonly fill?: boolean;
}

/** Sessions as rows; Enter opens one. */
export function SessionTable({ sessions, onEnd, withApp = true, fill = false }: SessionTableProps) {
  const say = useTexts(streamTexts);
  const sayState = useTexts(stateTexts);
  const goTo = useGoTo();
  const columns: readonly Column<Session>[] = [
    {
      key: 'state',
      header: '',
      width: '120px',
      phone: 'end',
      cell: (one) => <SessionBadge state={one.state} away={isAway(one)} />,
    },
    ...(withApp
      ? [
          {
            key: 'app',
            header: say('col.app'),
            width: 'minmax(120px, 2fr)',
            phone: 'title',
            cell: (one: Session) => <Link to={`/streams/apps/${one.app}`}>{one.appName}</Link>,
          } as const,
        ]
      : []),
    {
      key: 'who',
      header: say('col.who'),
      width: 'minmax(100px, 2fr)',
      phone: withApp ? 'meta' : 'title',
      cell: (one) => one.subject || <span className="dim">{say('anonymous')}</span>,
    },
    {
      key: 'players',
      header: say('col.players'),
      width: '80px',
      align: 'end',
      cell: (one) => one.players.filter((player) => player.connected).length,
    },
    {
      key: 'node',
      header: say('col.node'),
      width: 'minmax(90px, 1fr)',
      phone: 'meta',
      cell: (one) => one.nodeName ?? <span className="dim">–</span>,
    },
    ...(sessions.some((one) => one.end)
      ? [
          {
            key: 'end',
            header: say('col.end'),
            width: 'minmax(110px, 1fr)',
            phone: 'meta',
            cell: (one: Session) =>
              one.end ? sayState(`end.${one.end.reason}`) : <span className="dim">–</span>,
          } as const,
        ]
      : []),
    {
      key: 'lasted',
      header: say('session.lasted'),
      width: '100px',
      align: 'end',
      phone: 'meta',
      cell: (one) => <Duration from={one.activeAt ?? one.readyAt} to={one.endedAt} />,
    },
    {
      key: 'at',
      header: '',
      width: '110px',
      align: 'end',
      cell: (one) => <Ago at={one.requestedAt} />,
    },
  ];
  return (
    <DataTable
      label={say('view.sessions')}
      columns={columns}
      rows={sessions}
      rowKey={(one) => one.id}
      onOpen={(one) => goTo(`/streams/sessions/${one.id}`)}
      onEnd={onEnd}
      fill={fill}
    />
  );
}

/** Somebody was in it, and nobody in control is connected now. */
export function isAway(session: Pick<Session, 'awaySince' | 'endedAt' | 'state'>): boolean {
  return (
    session.endedAt === null &&
    session.awaySince !== null &&
    (session.state === 'active' || session.state === 'idle' || session.state === 'ready')
  );
}
