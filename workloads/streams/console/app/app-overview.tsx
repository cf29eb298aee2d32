import {
  Ago,
  FailureNotice,
  Link,
  ListView,
  Section,
  transport,
  useList,
  useReason,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { App } from '../../contract/api.ts';
import { Count, Release } from '../apps/apps-page.tsx';
import { InstanceTable } from '../instances/instance-table.tsx';
import { instancesQuery, paths, sessionsQuery } from '../queries.ts';
import { SessionTable } from '../sessions/session-table.tsx';
import { useAct } from '../shared/use-act.ts';
import { streamTexts } from '../texts.ts';
import classes from './app.module.css';
import { appTexts } from './app-texts.ts';

/** What an app does now: its counts, who is in it, what runs, and what has failed lately with the end of its log. */
export function AppOverview({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const sayStreams = useTexts(streamTexts);
  const { counts } = app;
  return (
    <>
      {app.description !== '' && <p className="dim">{app.description}</p>}
      {app.trouble && <Trouble app={app} />}
      <dl className={classes.counts}>
        <Count
          label={sayStreams('count.live')}
          value={counts.live}
          tone={counts.live > 0 ? 'live' : undefined}
        />
        <Count
          label={sayStreams('count.free')}
          value={counts.free}
          of={counts.warm > 0 ? counts.warm : undefined}
          tone={counts.free > 0 ? 'running' : undefined}
        />
        <Count
          label={sayStreams('count.queued')}
          value={counts.queued}
          tone={counts.queued > 0 ? 'waiting' : undefined}
        />
        <Count label={sayStreams('count.starting')} value={counts.starting} />
        <div className={classes.release}>
          <dt className="dim">{say('release')}</dt>
          <dd>
            <Release app={app} />
          </dd>
        </div>
      </dl>
      <Sessions app={app} />
      <Instances app={app} />
      <Failures app={app} />
    </>
  );
}

function Trouble({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const sentence = useReason();
  const { can } = useSession();
  const act = useAct();
  if (!app.trouble) return null;
  return (
    <div className={classes.trouble} role="alert">
      <IconAlertTriangle size={16} aria-hidden="true" />
      <p>{sentence(app.trouble)}</p>
      {can('streams.operate', app.projectId) && (
        <Button
          variant="default"
          loading={act.isPending}
          onClick={() => act.mutate(() => transport().run('POST', paths.appDo(app.id, 'clear')))}
        >
          {say('trouble.clear')}
        </Button>
      )}
    </div>
  );
}

function Sessions({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const list = useList(sessionsQuery({ appId: app.id, open: true }));
  return (
    <Section title={say('sessions.now')} aside={list.items?.length}>
      <ListView list={list} rows={2}>
        {(items) =>
          items.length === 0 ? (
            <p className="dim">{say('none.sessions')}</p>
          ) : (
            <SessionTable sessions={items} onEnd={list.more} withApp={false} />
          )
        }
      </ListView>
    </Section>
  );
}

function Instances({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const list = useList(instancesQuery({ appId: app.id, open: true }));
  return (
    <Section title={say('instances.now')} aside={list.items?.length}>
      <ListView list={list} rows={2}>
        {(items) =>
          items.length === 0 ? (
            <p className="dim">{say('none.instances')}</p>
          ) : (
            <InstanceTable instances={items} onEnd={list.more} withApp={false} />
          )
        }
      </ListView>
    </Section>
  );
}

/** The last of its instances that failed, with what they wrote last. */
function Failures({ app }: { readonly app: App }) {
  const say = useTexts(appTexts);
  const list = useList(instancesQuery({ appId: app.id, open: false }));
  const failed = (list.items ?? []).filter((one) => one.failure !== null).slice(0, 3);
  return (
    <Section title={say('failures.title')}>
      {failed.length === 0 ? (
        <p className="dim">{say('failures.none')}</p>
      ) : (
        <ul className={classes.failures}>
          {failed.map((one) => (
            <li key={one.id}>
              <p className="dim">
                <Ago at={one.endedAt} /> · {say('version.title', { version: one.version })}
                {one.nodeName !== null && one.nodeId !== null && (
                  <>
                    {' · '}
                    <Link to={`/nodes/${one.nodeId}`}>{one.nodeName}</Link>
                  </>
                )}
              </p>
              {one.failure && <FailureNotice failure={one.failure} />}
            </li>
          ))}
        </ul>
      )}
    </Section>
  );
}
