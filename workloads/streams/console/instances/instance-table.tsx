import {
  type Column,
  DataTable,
  Duration,
  useFormat,
  useGoTo,
  useTexts,
  WaitReason,
} from '@backlot/console/workload';
import type { Instance } from '../../contract/api.ts';
import { InstanceBadge } from '../shared/states.tsx';
import { streamTexts } from '../texts.ts';

interface InstanceTableProps {
  readonly instances: readonly Instance[];
  readonly onEnd: () => void;
  readonly withApp?: boolean;
  /** False where the heading says already on which node and GPU they are. */
  readonly withPlace?: boolean;
  readonly selected?: string | undefined;
  /** Left out: opens it on the page of all instances. */
  readonly onOpen?: (instance: Instance) => void;
}

/** Instances as rows, each with what it takes now. */
export function InstanceTable(props: InstanceTableProps) {
  const { instances, onEnd, withApp = true, withPlace = true, selected, onOpen } = props;
  const say = useTexts(streamTexts);
  const format = useFormat();
  const goTo = useGoTo();
  const columns: readonly Column<Instance>[] = [
    {
      key: 'state',
      header: '',
      width: '130px',
      phone: 'end',
      cell: (one) => <InstanceBadge state={one.state} failed={one.failure !== null} />,
    },
    {
      key: 'app',
      header: withApp ? say('col.app') : '',
      width: 'minmax(130px, 2fr)',
      phone: 'title',
      cell: (one) => (
        <>
          {withApp && `${one.appName} `}
          <span className={withApp ? 'dim' : undefined}>
            {say('version.n', { version: one.version })}
            {one.trial && ` · ${say('instance.trial')}`}
            {one.retiring && ` · ${say('instance.retiring')}`}
          </span>
        </>
      ),
    },
    ...(withPlace
      ? [
          {
            key: 'where',
            header: say('col.node'),
            width: 'minmax(120px, 2fr)',
            phone: 'meta',
            cell: (one: Instance) =>
              one.nodeName === null ? (
                <span className="dim">
                  <WaitReason reason={one.wait} plain />
                </span>
              ) : (
                <>
                  {one.nodeName}
                  {one.gpu !== null && (
                    <span className="dim"> · {say('instances.gpu', { index: one.gpu })}</span>
                  )}
                </>
              ),
          } as const,
        ]
      : []),
    {
      key: 'memory',
      header: say('col.memory'),
      width: '90px',
      align: 'end',
      phone: 'meta',
      cell: (one) => format.bytes(one.facts?.memory),
    },
    {
      key: 'served',
      header: say('col.served'),
      width: '80px',
      align: 'end',
      cell: (one) => one.sessions,
    },
    {
      key: 'age',
      header: say('session.lasted'),
      width: '100px',
      align: 'end',
      phone: 'meta',
      cell: (one) => <Duration from={one.startedAt ?? one.requestedAt} to={one.endedAt} />,
    },
  ];
  return (
    <DataTable
      label={say('view.instances')}
      columns={columns}
      rows={instances}
      rowKey={(one) => one.id}
      selected={selected}
      onOpen={onOpen ?? ((one) => goTo(`/streams/instances?open=${one.id}`))}
      onEnd={onEnd}
      maxHeight={360}
    />
  );
}
