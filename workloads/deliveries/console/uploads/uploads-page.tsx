import {
  Ago,
  AsMenu,
  ChoiceFilter,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  Page,
  Progress,
  StateBadge,
  useFormat,
  useGoTo,
  useList,
  useReason,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { IconCloudUpload } from '@tabler/icons-react';
import { useMemo } from 'react';
import { type Delivery, deliveryStates } from '../../contract/api.ts';
import { NextTry } from '../parts/next-try.tsx';
import { ViewTabs } from '../parts/view-tabs.tsx';
import { uploadsQuery } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';

/** The queue of uploads: what goes where, how far it is, why it waits and when it is tried again. */
export default function UploadsPage() {
  const say = useTexts(deliveryTexts);
  const goTo = useGoTo();
  const { project } = useSession();
  const [state, setState] = useSearch('state');
  const list = useList(uploadsQuery({ projectId: project?.id, state }));
  const columns = useColumns();
  return (
    <Page
      title={say('uploads')}
      fill
      aside={<ViewTabs active="uploads" />}
      actions={<AsMenu apiPath="/api/v1/deliveries" />}
      toolbar={
        <ChoiceFilter
          label={say('col.state')}
          placeholder={say('show.states')}
          choices={deliveryStates}
          nameOf={(one) => say(`state.${one}`)}
          value={state}
          onChange={setState}
        />
      }
    >
      <ListView list={list}>
        {(uploads) => (
          <DataTable
            label={say('uploads')}
            columns={columns}
            rows={uploads}
            rowKey={(one) => one.id}
            onOpen={(one) => goTo(`/jobs/${one.jobId ?? ''}`)}
            onEnd={list.more}
            fill
            empty={
              <EmptyState
                icon={<IconCloudUpload size={28} />}
                title={say(state === undefined ? 'empty.uploads' : 'empty.filtered')}
              >
                {state === undefined && say('empty.uploads.text')}
              </EmptyState>
            }
          />
        )}
      </ListView>
    </Page>
  );
}

const tones = {
  waiting: 'waiting',
  running: 'running',
  trying: 'waiting',
  checking: 'running',
  done: 'done',
  failed: 'failed',
  canceled: 'idle',
} as const;

function useColumns(): readonly Column<Delivery>[] {
  const say = useTexts(deliveryTexts);
  const format = useFormat();
  const sentence = useReason();
  return useMemo(
    () => [
      {
        key: 'path',
        header: say('col.file'),
        width: 'minmax(180px, 3fr)',
        phone: 'title',
        cell: (one) => <span title={one.path}>{one.path}</span>,
      },
      {
        key: 'target',
        header: say('col.target'),
        width: 'minmax(110px, 1fr)',
        phone: 'meta',
        cell: (one) => `${one.target} · ${say(`kind.${one.kind}`)}`,
      },
      {
        key: 'state',
        header: say('col.state'),
        width: '120px',
        phone: 'end',
        cell: (one) => {
          const state = stateOf(one);
          return <StateBadge state={state} tone={tones[state]} label={say(`state.${state}`)} />;
        },
      },
      {
        key: 'progress',
        header: say('col.progress'),
        width: '130px',
        cell: (one) =>
          one.state === 'running' ? (
            <Progress label={say('col.progress')} fraction={fractionOf(one)} withText />
          ) : (
            format.bytes(one.size)
          ),
      },
      {
        key: 'how',
        header: say('col.how'),
        width: 'minmax(160px, 3fr)',
        phone: 'meta',
        cell: (one) => {
          const open = one.endedAt === null;
          const rate = one.progress?.rate ? format.rate(one.progress.rate) : null;
          const why = one.progress?.fault ?? (one.wait && open ? sentence(one.wait) : null);
          const fault = why ?? (one.state !== 'done' && one.fault ? sentence(one.fault) : null);
          return <NextTry at={open ? one.nextTryAt : null} words={[rate, fault]} />;
        },
      },
      {
        key: 'node',
        header: say('col.node'),
        width: 'minmax(80px, 1fr)',
        cell: (one) => one.nodeName ?? '',
      },
      {
        key: 'since',
        header: say('col.since'),
        width: '120px',
        align: 'end',
        phone: 'meta',
        cell: (one) => <Ago at={one.createdAt} />,
      },
    ],
    [say, format, sentence],
  );
}

/** As a person sees it: an upload whose target is away runs on a node, and is not on its way. */
function stateOf({ state, progress }: Delivery): keyof typeof tones {
  if (state !== 'running') return state;
  if (progress?.phase === 'waiting') return 'trying';
  return progress?.phase === 'checking' ? 'checking' : 'running';
}

function fractionOf({ progress }: Delivery): number | null {
  const { done, total } = progress ?? {};
  return done === undefined || !total ? null : done / total;
}
