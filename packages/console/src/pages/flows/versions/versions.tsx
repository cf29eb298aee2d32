import type { FlowDetail, FlowVersionSummary } from '@backlot/contract/flow/api';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { invalidateSubjects, subjectsOf } from '../../../api/subjects.ts';
import { useList } from '../../../api/use-list.ts';
import { useGlossary } from '../../../i18n/glossary.ts';
import { useTexts } from '../../../i18n/texts.ts';
import { ConfirmInline } from '../../../parts/confirm-inline.tsx';
import { type Column, DataTable } from '../../../parts/data-table.tsx';
import { ListView } from '../../../parts/list-view.tsx';
import { Section } from '../../../parts/page.tsx';
import { QueryView } from '../../../parts/query-view.tsx';
import { Ago } from '../../../parts/time.tsx';
import { useSearch } from '../../../parts/use-search.ts';
import { flowActions, flowQuery, versionQuery, versionsQuery } from '../flow-api.ts';
import { flowTexts } from '../texts.ts';
import { aroundChanges, diffLines } from './line-diff.ts';
import classes from './versions.module.css';

interface VersionsProps {
  readonly flow: FlowDetail;
  readonly mayWrite: boolean;
}

/** What a flow was: each version with what it changed, and how to go back to it. */
export function Versions({ flow, mayWrite }: VersionsProps) {
  const say = useTexts(flowTexts);
  const client = useQueryClient();
  const [chosen, choose] = useSearch('version');
  const list = useList(versionsQuery(flow.id));
  const columns = useVersionColumns(flow.version);
  const number = chosen === undefined ? flow.version : Number(chosen);
  return (
    <>
      <ListView list={list}>
        {(versions) => (
          <DataTable
            label={say('part.versions')}
            columns={columns}
            rows={versions}
            rowKey={(version) => String(version.number)}
            selected={String(number)}
            onOpen={(version) => choose(String(version.number))}
            onEnd={list.more}
            maxHeight={280}
          />
        )}
      </ListView>
      {Number.isInteger(number) && number > 0 && (
        <Section
          title={say('versions.compare', { number })}
          aside={number > 1 && say('versions.against', { number: number - 1 })}
          actions={
            mayWrite &&
            number !== flow.version && (
              <ConfirmInline
                label={say('versions.restore')}
                question={say('versions.restore.ask', { number })}
                confirm={say('versions.restore')}
                onConfirm={async () => {
                  const old = await client.fetchQuery(versionQuery(flow.id, number));
                  const saved = await flowActions.save(flow.id, {
                    text: old.text,
                    base: flow.version,
                    note: say('versions.restored', { number }),
                  });
                  client.setQueryData(flowQuery(flow.id).queryKey, saved);
                  await invalidateSubjects(client, new Set(subjectsOf('flow', flow.id)));
                  choose(undefined);
                }}
              />
            )
          }
        >
          <Changes key={number} id={flow.id} number={number} />
        </Section>
      )}
    </>
  );
}

function Changes({ id, number }: { readonly id: string; readonly number: number }) {
  const say = useTexts(flowTexts);
  const now = useQuery(versionQuery(id, number));
  const before = useQuery({ ...versionQuery(id, number - 1), enabled: number > 1 });
  const lines = useMemo(
    () => (now.data && before.data ? aroundChanges(diffLines(before.data.text, now.data.text)) : []),
    [now.data, before.data],
  );
  return (
    <QueryView query={now}>
      {(version) =>
        number === 1 ? (
          <>
            <p className="dim">{say('versions.first')}</p>
            <pre className={classes.text}>{version.text}</pre>
          </>
        ) : (
          <QueryView query={before}>
            {() =>
              lines.length === 0 ? (
                <p className="dim">{say('versions.same')}</p>
              ) : (
                <section
                  className={classes.diff}
                  aria-label={say('versions.compare', { number })}
                  // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard (WCAG 2.1.1)
                  tabIndex={0}
                >
                  {lines.map((line, index) =>
                    line === 'gap' ? (
                      // biome-ignore lint/suspicious/noArrayIndexKey: gaps have no identity
                      <div key={`gap ${index}`} className={classes.gap} aria-hidden="true" />
                    ) : (
                      <div key={`${line.old} ${line.new}`} className={classes.line} data-kind={line.kind}>
                        <span className={classes.number}>{line.old}</span>
                        <span className={classes.number}>{line.new}</span>
                        <span className={classes.sign}>
                          <span aria-hidden="true">
                            {line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ''}
                          </span>
                          {line.kind !== 'same' && (
                            <span className="visually-hidden">{say(`versions.${line.kind}`)}</span>
                          )}
                        </span>
                        <span className={classes.code}>{line.text || ' '}</span>
                      </div>
                    ),
                  )}
                </section>
              )
            }
          </QueryView>
        )
      }
    </QueryView>
  );
}

function useVersionColumns(newest: number): readonly Column<FlowVersionSummary>[] {
  const say = useTexts(flowTexts);
  const word = useGlossary();
  return useMemo(
    () => [
      {
        key: 'number',
        header: word('word.version'),
        width: '130px',
        phone: 'title',
        cell: ({ number }) => (
          <>
            {number} {number === newest && <span className="dim">{say('versions.current')}</span>}
          </>
        ),
      },
      {
        key: 'note',
        header: say('versions.note'),
        width: 'minmax(160px, 3fr)',
        phone: 'meta',
        cell: ({ note }) => note || <span className="dim">–</span>,
      },
      {
        key: 'by',
        header: say('versions.by'),
        width: 'minmax(100px, 1fr)',
        phone: 'meta',
        cell: ({ createdBy }) => createdBy.name,
      },
      {
        key: 'at',
        header: word('word.when'),
        width: '120px',
        align: 'end',
        phone: 'end',
        cell: ({ createdAt }) => <Ago at={createdAt} />,
      },
    ],
    [say, word, newest],
  );
}
