import {
  Ago,
  type Column,
  DataTable,
  EmptyState,
  ListView,
  Section,
  StateBadge,
  useList,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import type { App, AppVersion } from '../../contract/api.ts';
import { versionsQuery } from '../queries.ts';
import { appTexts } from './app-texts.ts';
import { ReleaseForm } from './release-form.tsx';
import { VersionPanel } from './version-panel.tsx';

/** All versions of an app, which of them are started, and the panel in which one is looked at or made. */
export function Versions({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const { can } = useSession();
  const [open, setOpen] = useSearch('version');
  const list = useList(versionsQuery(app.id));
  const mayWrite = can('streams.apps.write', app.projectId);
  const selected = list.items?.find((one) => String(one.version) === open);
  const from = open?.startsWith('from-')
    ? list.items?.find((one) => `from-${one.version}` === open)
    : undefined;
  return (
    <>
      <ListView list={list} rows={5}>
        {(versions) => (
          <>
            {versions.length > 0 && (
              <ReleaseForm
                key={`${app.activeVersion} ${app.canary?.version} ${app.canary?.share}`}
                app={app}
                versions={versions}
              />
            )}
            <Section
              title={say('part.versions')}
              actions={
                mayWrite && (
                  <Button
                    variant="default"
                    leftSection={<IconPlus size={14} aria-hidden="true" />}
                    onClick={() => setOpen(versions[0] ? `from-${versions[0].version}` : 'new')}
                  >
                    {say('version.new')}
                  </Button>
                )
              }
            >
              {versions.length === 0 ? (
                <EmptyState title={say('versions.none')}>{say('versions.none.text')}</EmptyState>
              ) : (
                <VersionTable
                  versions={versions}
                  selected={open}
                  onOpen={(version) => setOpen(String(version.version))}
                  onEnd={list.more}
                />
              )}
            </Section>
          </>
        )}
      </ListView>
      {(selected || from || open === 'new') && (
        <VersionPanel
          key={open}
          app={app}
          version={selected}
          from={from}
          onOpen={setOpen}
          onClose={() => setOpen(undefined)}
        />
      )}
    </>
  );
}

interface VersionTableProps {
  readonly versions: readonly AppVersion[];
  readonly selected: string | undefined;
  readonly onOpen: (version: AppVersion) => void;
  readonly onEnd: () => void;
}

function VersionTable({ versions, selected, onOpen, onEnd }: VersionTableProps) {
  const say = useTexts(appTexts);
  const columns: readonly Column<AppVersion>[] = [
    {
      key: 'version',
      header: say('version.title', { version: '' }).trim(),
      width: '100px',
      phone: 'title',
      cell: (one) => say('version.title', { version: one.version }),
    },
    { key: 'state', header: '', width: '150px', phone: 'end', cell: (one) => <VersionState version={one} /> },
    {
      key: 'note',
      header: say('version.note'),
      width: 'minmax(120px, 3fr)',
      phone: 'meta',
      cell: (one) => one.note || <span className="dim">–</span>,
    },
    {
      key: 'instances',
      header: say('version.instances'),
      width: '90px',
      align: 'end',
      cell: (one) => one.instances,
    },
    { key: 'by', header: say('version.by'), width: 'minmax(90px, 1fr)', cell: (one) => one.createdBy },
    {
      key: 'at',
      header: '',
      width: '110px',
      align: 'end',
      phone: 'meta',
      cell: (one) => <Ago at={one.createdAt} />,
    },
  ];
  return (
    <DataTable
      label={say('part.versions')}
      columns={columns}
      rows={versions}
      rowKey={(one) => String(one.version)}
      selected={selected}
      onOpen={onOpen}
      onEnd={onEnd}
    />
  );
}

function VersionState({ version }: { readonly version: AppVersion }) {
  const say = useTexts(appTexts);
  if (version.health.blocked) return <StateBadge state="failed" label={say('version.blocked')} />;
  if (version.active) return <StateBadge state="running" label={say('version.active')} />;
  if (version.canary) return <StateBadge state="waiting" label={say('version.canary')} />;
  return version.used ? null : <StateBadge state="idle" tone="idle" label={say('version.draft')} />;
}
