import type { NodeView } from '@backlot/contract/api/nodes';
import { nodeStates } from '@backlot/contract/states/node';
import { Button } from '@mantine/core';
import { IconPlus, IconServer2 } from '@tabler/icons-react';
import { useMemo } from 'react';
import { nodesQuery } from '../../api/queries.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { ChoiceFilter, TextFilter, useTextSearch } from '../../parts/filters.tsx';
import { useGoTo } from '../../parts/link.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Page } from '../../parts/page.tsx';
import { Progress } from '../../parts/progress.tsx';
import { StateBadge } from '../../parts/state-badge.tsx';
import { Ago } from '../../parts/time.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import { JoinPanel } from './join-panel.tsx';
import { nodeTexts } from './texts.ts';
import { useNodeLoad } from './use-node-load.ts';

/** All machines, and how another one joins. */
export default function NodesPage() {
  const say = useTexts(nodeTexts);
  const word = useGlossary();
  const { can } = useSession();
  const goTo = useGoTo();
  const [add, setAdd] = useSearch('add');
  const [state, setState] = useSearch('state');
  const search = useTextSearch();
  const list = useList(nodesQuery({ state, text: search.wanted }));
  const columns = useNodeColumns();
  const filtered = state !== undefined || search.wanted !== undefined;

  const addButton = can('nodes.join') && (
    <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setAdd('1')}>
      {say('add')}
    </Button>
  );
  return (
    <Page
      fill
      title={say('title')}
      actions={
        <>
          {addButton}
          <AsMenu apiPath="/api/v1/nodes" />
        </>
      }
      toolbar={
        <>
          <TextFilter label={say('filter.text')} search={search} />
          <ChoiceFilter
            label={word('word.state')}
            placeholder={say('filter.state')}
            choices={nodeStates}
            nameOf={(one) => word(`state.${one}`)}
            value={state}
            onChange={setState}
          />
        </>
      }
    >
      <ListView list={list} rows={5}>
        {(items) => (
          <DataTable
            fill
            label={say('title')}
            columns={columns}
            rows={items}
            rowKey={(node) => node.id}
            onOpen={(node) => goTo(`/nodes/${node.id}`)}
            onEnd={list.more}
            empty={
              filtered ? (
                <EmptyState title={say('none.filtered')}>{say('none.filtered.text')}</EmptyState>
              ) : (
                <EmptyState
                  icon={<IconServer2 size={32} stroke={1.4} />}
                  title={say('none.title')}
                  action={addButton}
                >
                  {say('none.text')}
                </EmptyState>
              )
            }
          />
        )}
      </ListView>
      {add !== undefined && can('nodes.join') && <JoinPanel onClose={() => setAdd(undefined)} />}
    </Page>
  );
}

function useNodeColumns(): readonly Column<NodeView>[] {
  const say = useTexts(nodeTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'name',
        header: word('word.name'),
        width: 'minmax(140px, 1.4fr)',
        cell: (node) => node.name,
        phone: 'title',
      },
      {
        key: 'state',
        header: word('word.state'),
        width: '120px',
        cell: (node) => <NodeState node={node} />,
        phone: 'end',
      },
      {
        key: 'cpu',
        header: word('load.cpu'),
        width: 'minmax(90px, 1fr)',
        cell: (node) => <LoadCell node={node} of="cpu" />,
      },
      {
        key: 'memory',
        header: word('load.memory'),
        width: 'minmax(90px, 1fr)',
        cell: (node) => <LoadCell node={node} of="memory" />,
      },
      {
        key: 'work',
        header: say('work'),
        width: '100px',
        cell: (node) =>
          node.allocations.length > 0 ? say('work.count', { count: node.allocations.length }) : '–',
        phone: 'meta',
      },
      { key: 'machine', header: say('machine'), width: 'minmax(140px, 1.2fr)', cell: machine, phone: 'meta' },
      { key: 'pool', header: say('pool'), width: '90px', cell: (node) => node.pool },
      {
        key: 'seen',
        header: say('seen'),
        width: '110px',
        cell: (node) => <Ago at={node.lastSeenAt} />,
        align: 'end',
      },
    ],
    [say, word],
  );
}

function machine(node: NodeView): string {
  const cores = node.capacity ? `${node.capacity.cpu} × ` : '';
  return node.cpuModel ? `${cores}${node.cpuModel}` : (node.os ?? '–');
}

/** A node's state as people think of it: whether it can be reached, else whether it takes new work. */
export function NodeState({ node }: { readonly node: NodeView }) {
  return (
    <StateBadge
      state={node.state === 'ready' && node.schedulable !== 'yes' ? node.schedulable : node.state}
    />
  );
}

function LoadCell({ node, of }: { readonly node: NodeView; readonly of: 'cpu' | 'memory' }) {
  const word = useGlossary();
  const format = useFormat();
  const load = useNodeLoad(node);
  if (!load || node.state !== 'ready') return <span className="dim">–</span>;
  const share = of === 'cpu' ? load.cpu : load.memoryTotal > 0 ? load.memoryUsed / load.memoryTotal : 0;
  return (
    <span
      title={
        of === 'memory' ? `${format.bytes(load.memoryUsed)} / ${format.bytes(load.memoryTotal)}` : undefined
      }
    >
      <Progress
        fraction={share}
        tone={
          of === 'memory' && share >= 0.95 ? 'failed' : of === 'memory' && share >= 0.85 ? 'waiting' : 'done'
        }
        label={word(`load.${of}`)}
        withText
      />
    </span>
  );
}
