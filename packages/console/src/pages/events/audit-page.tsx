import type { AuditEntry } from '@backlot/contract/api/access';
import { IconShieldCheck } from '@tabler/icons-react';
import { useMemo } from 'react';
import { auditQuery } from '../../api/queries.ts';
import { useList } from '../../api/use-list.ts';
import { useFormat } from '../../format/index.ts';
import { useGlossary } from '../../i18n/glossary.ts';
import { useTexts } from '../../i18n/texts.ts';
import { AsMenu } from '../../parts/as-menu.tsx';
import { type Column, DataTable } from '../../parts/data-table.tsx';
import { EmptyState } from '../../parts/empty-state.tsx';
import { TextFilter, useTextSearch } from '../../parts/filters.tsx';
import { JsonView } from '../../parts/json-view.tsx';
import { ListView } from '../../parts/list-view.tsx';
import { Page } from '../../parts/page.tsx';
import { SidePanel } from '../../parts/side-panel.tsx';
import { useSearch } from '../../parts/use-search.ts';
import { useSession } from '../../session/session.tsx';
import classes from './audit-page.module.css';
import { changesBetween } from './changes.ts';
import { EventTabs } from './event-tabs.tsx';
import { SubjectLink } from './subject-link.tsx';
import { eventTexts } from './texts.ts';

/** Who did what to what, before and after. */
export default function AuditPage() {
  const say = useTexts(eventTexts);
  const { project } = useSession();
  const [open, setOpen] = useSearch('open');
  const text = useTextSearch();
  const action = useTextSearch();
  const list = useList(auditQuery({ projectId: project?.id, action: action.wanted, text: text.wanted }));
  const columns = useAuditColumns();
  const selected = list.items?.find((entry) => String(entry.seq) === open);
  return (
    <Page
      fill
      title={say('audit.title')}
      aside={<EventTabs active="audit" />}
      actions={<AsMenu apiPath="/api/v1/audit" />}
      toolbar={
        <>
          <TextFilter label={say('filter.text')} search={text} />
          <TextFilter label={say('filter.action')} search={action} />
        </>
      }
    >
      <ListView list={list} rows={8}>
        {(items) => (
          <DataTable
            fill
            label={say('audit.title')}
            columns={columns}
            rows={items}
            rowKey={(entry) => String(entry.seq)}
            selected={open}
            onOpen={(entry) => setOpen(String(entry.seq))}
            onEnd={list.more}
            empty={
              action.wanted === undefined && text.wanted === undefined ? (
                <EmptyState icon={<IconShieldCheck size={32} stroke={1.4} />} title={say('audit.none')}>
                  {say('audit.none.text')}
                </EmptyState>
              ) : (
                <EmptyState title={say('none.filtered')}>{say('none.filtered.text')}</EmptyState>
              )
            }
          />
        )}
      </ListView>
      {selected && (
        <SidePanel title={selected.action} onClose={() => setOpen(undefined)}>
          <AuditDetails entry={selected} />
        </SidePanel>
      )}
    </Page>
  );
}

function useAuditColumns(): readonly Column<AuditEntry>[] {
  const say = useTexts(eventTexts);
  const word = useGlossary();
  const format = useFormat();
  return useMemo(
    () => [
      {
        key: 'at',
        header: word('word.when'),
        width: '170px',
        cell: (entry) => format.moment(entry.at),
        phone: 'meta',
      },
      {
        key: 'who',
        header: word('word.who'),
        width: 'minmax(130px, 1fr)',
        cell: (entry) => (
          <>
            {entry.actor.name} <span className="dim">{say(`actor.${entry.actor.kind}`)}</span>
          </>
        ),
        phone: 'meta',
      },
      {
        key: 'action',
        header: say('action'),
        width: 'minmax(130px, 1fr)',
        cell: (entry) => entry.action,
        phone: 'title',
      },
      {
        key: 'subject',
        header: say('subject'),
        width: 'minmax(150px, 1fr)',
        cell: (entry) => <SubjectLink kind={entry.subject.kind} id={entry.subject.id} />,
      },
      {
        key: 'changed',
        header: say('changed'),
        width: 'minmax(140px, 2fr)',
        cell: (entry) => (
          <span className="dim">
            {changesBetween(entry.before, entry.after)
              .map((change) => `${change.field}: ${change.before} → ${change.after}`)
              .join(' · ')}
          </span>
        ),
      },
    ],
    [say, word, format],
  );
}

function AuditDetails({ entry }: { readonly entry: AuditEntry }) {
  const say = useTexts(eventTexts);
  const format = useFormat();
  const changes = changesBetween(entry.before, entry.after);
  return (
    <>
      <p>
        {format.moment(entry.at)} · {entry.actor.name}{' '}
        <span className="dim">{say(`actor.${entry.actor.kind}`)}</span>
      </p>
      <p>
        <SubjectLink kind={entry.subject.kind} id={entry.subject.id} />
      </p>
      {changes.length > 0 && (
        <table className={classes.changes}>
          <thead>
            <tr>
              <th scope="col">{say('changed')}</th>
              <th scope="col">{say('before')}</th>
              <th scope="col">{say('after')}</th>
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={change.field}>
                <th scope="row">{change.field}</th>
                <td>
                  <code>{change.before}</code>
                </td>
                <td>
                  <code>{change.after}</code>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {entry.requestId && (
        <p className="dim">
          {say('request')} <code>{entry.requestId}</code>
        </p>
      )}
      <details>
        <summary className="dim">JSON</summary>
        <JsonView value={entry} />
      </details>
    </>
  );
}
