import type { Flow } from '@backlot/contract/flow/api';
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useList } from '../../../api/use-list.ts';
import { useFormat } from '../../../format/index.ts';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { useLanguage } from '../../../i18n/use-language.ts';
import { AsMenu } from '../../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../../parts/data-table.tsx';
import { EmptyState } from '../../../parts/empty-state.tsx';
import { TextFilter, useTextSearch } from '../../../parts/filters.tsx';
import { Link, useGoTo } from '../../../parts/link.tsx';
import { ListView } from '../../../parts/list-view.tsx';
import { Page } from '../../../parts/page.tsx';
import { useReason } from '../../../parts/reason.tsx';
import { SidePanel } from '../../../parts/side-panel.tsx';
import { StateBadge } from '../../../parts/state-badge.tsx';
import { Ago, Until } from '../../../parts/time.tsx';
import { useSearch } from '../../../parts/use-search.ts';
import { useSession } from '../../../session/session.tsx';
import { catalogueQuery, flowsQuery } from '../flow-api.ts';
import { FlowTabs } from '../flow-tabs.tsx';
import { flowTexts } from '../texts.ts';
import classes from './flows-page.module.css';
import { Templates } from './templates.tsx';

/** All flows: what begins them and how their last run went. Without any, the templates to begin with. */
export default function FlowsPage() {
  const say = useTexts(flowTexts);
  const goTo = useGoTo();
  const { project, can } = useSession();
  const [choosing, setChoosing] = useSearch('new');
  const search = useTextSearch();
  const list = useList(flowsQuery({ projectId: project?.id, text: search.wanted }));
  const columns = useFlowColumns();
  const mayWrite = can('flows.edit');
  const nothing = list.items?.length === 0 && search.wanted === undefined;
  return (
    <Page
      title={say('title')}
      fill={!nothing}
      aside={<FlowTabs active="flows" />}
      actions={
        <>
          {mayWrite && !nothing && (
            <Button leftSection={<IconPlus size={14} aria-hidden="true" />} onClick={() => setChoosing('1')}>
              {say('new')}
            </Button>
          )}
          <AsMenu apiPath="/api/v1/flows" />
        </>
      }
      toolbar={!nothing && <TextFilter label={say('filter.text')} search={search} />}
    >
      <ListView list={list}>
        {(flows) =>
          nothing ? (
            <section aria-label={say('templates.title')}>
              <h2>{say('templates.title')}</h2>
              <p className={classes.lead}>{say('templates.text')}</p>
              <Templates />
            </section>
          ) : (
            <DataTable
              fill
              label={say('title')}
              columns={columns}
              rows={flows}
              rowKey={(flow) => flow.id}
              onOpen={(flow) => goTo(`/flows/${flow.id}`)}
              onEnd={list.more}
              empty={<EmptyState title={say('list.noneFiltered')} />}
            />
          )
        }
      </ListView>
      {choosing !== undefined && mayWrite && !nothing && (
        <SidePanel title={say('templates.title')} onClose={() => setChoosing(undefined)}>
          <Templates />
        </SidePanel>
      )}
    </Page>
  );
}

function useFlowColumns(): readonly Column<Flow>[] {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  const format = useFormat();
  const sentence = useReason();
  const { language } = useLanguage();
  const { data: catalogue } = useQuery(catalogueQuery());
  return useMemo(
    () => [
      {
        key: 'name',
        header: word('word.name'),
        width: 'minmax(160px, 2fr)',
        phone: 'title',
        cell: (flow) => <span className={classes.name}>{flow.name}</span>,
      },
      {
        key: 'trigger',
        header: say('col.trigger'),
        width: 'minmax(150px, 1.4fr)',
        phone: 'meta',
        cell: (flow) =>
          !flow.enabled ? (
            <StateBadge state="disabled" label={say('list.off')} />
          ) : flow.problem ? (
            <StateBadge state="failed" label={sentence(flow.problem)} />
          ) : (
            <span>
              {catalogue?.triggers.get(flow.trigger)?.title[language] ?? flow.trigger}
              {flow.nextAt !== null && (
                <span className="dim">
                  {' · '}
                  <Until at={flow.nextAt} />
                </span>
              )}
            </span>
          ),
      },
      {
        key: 'steps',
        header: say('col.steps'),
        width: '70px',
        align: 'end',
        cell: (flow) => format.number(flow.steps),
      },
      {
        key: 'last',
        header: say('col.last'),
        width: 'minmax(170px, 1.2fr)',
        phone: 'end',
        cell: (flow) =>
          flow.lastRun ? (
            <span className={classes.last}>
              <Link to={`/flows/runs/${flow.lastRun.id}`}>
                <StateBadge state={flow.lastRun.state} />
              </Link>
              <span className="dim">
                <Ago at={flow.lastRun.startedAt} />
              </span>
            </span>
          ) : (
            <span className="dim">{say('list.never')}</span>
          ),
      },
      {
        key: 'version',
        header: word('word.version'),
        width: '70px',
        align: 'end',
        cell: (flow) => format.number(flow.version),
      },
      {
        key: 'changed',
        header: say('col.changed'),
        width: '110px',
        align: 'end',
        phone: 'meta',
        cell: (flow) => <Ago at={flow.updatedAt} />,
      },
    ],
    [say, word, format, sentence, language, catalogue],
  );
}
