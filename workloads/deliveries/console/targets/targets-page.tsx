import {
  AsMenu,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  Page,
  StateBadge,
  useFormat,
  useList,
  useReason,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlus, IconServerBolt } from '@tabler/icons-react';
import { useMemo } from 'react';
import type { DeliveryTarget } from '../../contract/target.ts';
import { healthOf, healthTones } from '../parts/health.ts';
import { ViewTabs } from '../parts/view-tabs.tsx';
import { targetsQuery } from '../queries.ts';
import { deliveryTexts } from '../texts.ts';
import { TargetPanel } from './target-panel.tsx';

/** Where files and messages go, and how each of them is. */
export default function TargetsPage() {
  const say = useTexts(deliveryTexts);
  const { project, can } = useSession();
  const [shown, setShown] = useSearch('target');
  const [creating, setCreating] = useSearch('new');
  const list = useList(targetsQuery({ projectId: project?.id }));
  const columns = useColumns();
  const create = can('deliveries.manage') && (
    <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setCreating('1')}>
      {say('new')}
    </Button>
  );
  return (
    <Page
      title={say('targets')}
      fill
      aside={<ViewTabs active="targets" />}
      actions={
        <>
          {create}
          <AsMenu apiPath="/api/v1/delivery-targets" />
        </>
      }
    >
      <ListView list={list}>
        {(targets) => (
          <>
            <DataTable
              label={say('targets')}
              columns={columns}
              rows={targets}
              rowKey={(one) => one.id}
              onOpen={(one) => setShown(one.id)}
              onEnd={list.more}
              fill
              empty={
                <EmptyState icon={<IconServerBolt size={28} />} title={say('empty.targets')} action={create}>
                  {say('empty.targets.text')}
                </EmptyState>
              }
            />
            {targets
              // One that is gone is not opened: an empty panel would be the form for a new one.
              .filter(({ id }) => id === shown)
              .map((target) => (
                <TargetPanel key={target.id} target={target} onClose={() => setShown(undefined)} />
              ))}
          </>
        )}
      </ListView>
      {creating !== undefined && <TargetPanel onClose={() => setCreating(undefined)} />}
    </Page>
  );
}

function useColumns(): readonly Column<DeliveryTarget>[] {
  const say = useTexts(deliveryTexts);
  const format = useFormat();
  const sentence = useReason();
  return useMemo(
    () => [
      {
        key: 'name',
        header: say('col.name'),
        width: 'minmax(140px, 2fr)',
        phone: 'title',
        cell: (one) => one.name,
      },
      {
        key: 'kind',
        header: say('col.kind'),
        width: '110px',
        phone: 'meta',
        cell: (one) => say(`type.${one.kind}`),
      },
      {
        key: 'health',
        header: say('col.health'),
        width: '120px',
        phone: 'end',
        cell: (one) => {
          const health = healthOf(one);
          return <StateBadge state={health} tone={healthTones[health]} label={say(`health.${health}`)} />;
        },
      },
      {
        key: 'waiting',
        header: say('col.waiting'),
        width: '100px',
        align: 'end',
        cell: (one) => format.number(one.waiting),
      },
      {
        key: 'why',
        header: say('col.reason'),
        width: 'minmax(160px, 3fr)',
        phone: 'meta',
        cell: (one) => (one.fault ? <span title={sentence(one.fault)}>{sentence(one.fault)}</span> : ''),
      },
    ],
    [say, format, sentence],
  );
}
