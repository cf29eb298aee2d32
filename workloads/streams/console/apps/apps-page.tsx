import {
  AsMenu,
  EmptyState,
  Link,
  ListView,
  Page,
  StateBadge,
  TextFilter,
  useGoTo,
  useList,
  useReason,
  useSession,
  useTextSearch,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconDeviceGamepad2, IconExternalLink, IconPlus } from '@tabler/icons-react';
import type { App } from '../../contract/api.ts';
import { appsQuery, paths } from '../queries.ts';
import { playerAddress } from '../shared/player-address.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { streamTexts } from '../texts.ts';
import classes from './apps-page.module.css';

/** All apps, each with what it does right now. */
export default function AppsPage() {
  const say = useTexts(streamTexts);
  const goTo = useGoTo();
  const { project, can } = useSession();
  const search = useTextSearch();
  const list = useList(appsQuery({ projectId: project?.id, text: search.wanted }));
  const mayCreate = can('streams.apps.write');
  return (
    <Page
      title={say('title')}
      aside={<ViewTabs active="apps" />}
      actions={
        <>
          {mayCreate && (
            <Button
              leftSection={<IconPlus size={14} aria-hidden="true" />}
              onClick={() => goTo('/streams/new')}
            >
              {say('apps.new')}
            </Button>
          )}
          <AsMenu apiPath={paths.apps} />
        </>
      }
      toolbar={
        ((list.items !== undefined && list.items.length > 0) || search.wanted !== undefined) && (
          <TextFilter label={say('apps.filter')} search={search} />
        )
      }
    >
      <ListView list={list} rows={6}>
        {(apps) => {
          if (apps.length > 0) {
            return (
              <ul className={classes.grid}>
                {apps.map((app) => (
                  <Tile key={app.id} app={app} />
                ))}
              </ul>
            );
          }
          if (search.wanted !== undefined) {
            return (
              <EmptyState title={say('apps.none.filtered')}>{say('apps.none.filtered.text')}</EmptyState>
            );
          }
          return (
            <EmptyState
              icon={<IconDeviceGamepad2 size={32} stroke={1.3} />}
              title={say('apps.none')}
              action={
                mayCreate ? (
                  <>
                    <Button onClick={() => goTo('/streams/new')}>{say('apps.new')}</Button>
                    <Button variant="default" onClick={() => goTo('/streams/new?demo=1')}>
                      {say('apps.none.demo')}
                    </Button>
                  </>
                ) : undefined
              }
            >
              {say('apps.none.text')} {!mayCreate && say('apps.none.read')}
            </EmptyState>
          );
        }}
      </ListView>
    </Page>
  );
}

function Tile({ app }: { readonly app: App }) {
  const say = useTexts(streamTexts);
  const sentence = useReason();
  const { counts } = app;
  return (
    <li className={classes.tile}>
      <div className={classes.head}>
        <Link to={`/streams/apps/${app.slug}`} className={classes.name}>
          {app.name}
        </Link>
        <a
          href={playerAddress(app.slug)}
          target="_blank"
          rel="noreferrer"
          className={classes.open}
          title={say('apps.open')}
          aria-label={`${say('apps.open')}: ${app.name}`}
        >
          <IconExternalLink size={15} aria-hidden="true" />
        </a>
      </div>
      <p className={classes.where}>/s/{app.slug}</p>
      <dl className={classes.counts}>
        <Count label={say('count.live')} value={counts.live} tone={counts.live > 0 ? 'live' : undefined} />
        <Count
          label={say('count.free')}
          value={counts.free}
          of={counts.warm > 0 ? counts.warm : undefined}
          tone={counts.free > 0 ? 'running' : undefined}
        />
        <Count
          label={say('count.queued')}
          value={counts.queued}
          tone={counts.queued > 0 ? 'waiting' : undefined}
        />
        <Count label={say('count.starting')} value={counts.starting} />
      </dl>
      <p className={classes.state}>
        {app.enabled ? (
          app.trouble ? (
            <span className={classes.trouble}>{sentence(app.trouble)}</span>
          ) : (
            <span className="dim">
              <Release app={app} />
            </span>
          )
        ) : (
          <StateBadge state="disabled" label={say('off')} />
        )}
      </p>
    </li>
  );
}

export function Release({ app }: { readonly app: Pick<App, 'activeVersion' | 'canary'> }) {
  const say = useTexts(streamTexts);
  if (app.activeVersion === null) return <>{say('no.version')}</>;
  return (
    <>
      {say('version.n', { version: app.activeVersion })}
      {app.canary && ` ${say('version.canary', { share: app.canary.share, version: app.canary.version })}`}
    </>
  );
}

interface CountProps {
  readonly label: string;
  readonly value: number;
  /** How many there should be. */
  readonly of?: number | undefined;
  readonly tone?: 'live' | 'running' | 'waiting' | undefined;
}

export function Count({ label, value, of, tone }: CountProps) {
  return (
    <div className={classes.count} data-tone={tone}>
      <dd>
        {value}
        {of !== undefined && <span className={classes.of}>/{of}</span>}
      </dd>
      <dt>{label}</dt>
    </div>
  );
}
