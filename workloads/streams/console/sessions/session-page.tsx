import {
  AsMenu,
  ConfirmInline,
  Duration,
  Facts,
  Link,
  LogView,
  Page,
  QueryView,
  Section,
  Thumbnail,
  transport,
  useParam,
  useReason,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SessionDetail } from '../../contract/api.ts';
import { TicketAnswer } from '../../contract/tickets.ts';
import { instanceQuery, paths, sessionQuery } from '../queries.ts';
import { SessionBadge } from '../shared/states.tsx';
import { useAct } from '../shared/use-act.ts';
import { streamTexts } from '../texts.ts';
import { Arrival } from './arrival.tsx';
import { Players } from './players.tsx';
import classes from './session-page.module.css';
import { isAway } from './session-table.tsx';
import { SessionTimeline } from './session-timeline.tsx';

/** One session from the request to its end: its picture, what happened when, how it arrives, who is in it, its log. */
export default function SessionPage() {
  const id = useParam('id');
  const say = useTexts(streamTexts);
  const session = useQuery(sessionQuery(id));
  const { data } = session;
  return (
    <Page
      title={data ? say('session.of', { app: data.appName }) : say('session')}
      aside={data && <SessionBadge state={data.state} away={isAway(data)} />}
      actions={
        <>
          {data && <Actions session={data} />}
          <AsMenu apiPath={paths.session(id)} />
        </>
      }
    >
      <QueryView query={session} rows={8}>
        {(shown) => <Content session={shown} />}
      </QueryView>
    </Page>
  );
}

function Actions({ session }: { readonly session: SessionDetail }) {
  const say = useTexts(streamTexts);
  const { can } = useSession();
  const act = useAct();
  if (session.endedAt !== null) return null;
  const watch = () => {
    const player = window.open('about:blank', '_blank');
    act.mutate(async () => {
      try {
        const { url } = await transport().call('POST', paths.tickets, TicketAnswer, {
          json: { app: session.app, role: 'viewer', sessionId: session.id },
        });
        if (player) {
          player.opener = null;
          player.location.replace(url);
        }
      } catch (error) {
        player?.close();
        throw error;
      }
    });
  };
  return (
    <>
      {session.activeAt !== null && can('streams.open', session.projectId) && (
        <Button variant="default" loading={act.isPending} onClick={watch}>
          {say('session.watch')}
        </Button>
      )}
      {can('streams.operate', session.projectId) && (
        <ConfirmInline
          danger
          label={say('session.end')}
          question={say('session.end.question')}
          confirm={say('session.end.confirm')}
          onConfirm={() =>
            act.mutateAsync(() => transport().run('POST', paths.end(session.id), { json: {} }))
          }
        />
      )}
    </>
  );
}

function Content({ session }: { readonly session: SessionDetail }) {
  const say = useTexts(streamTexts);
  const sentence = useReason();
  return (
    <>
      {session.end && (
        <p>
          {sentence(session.end.sentence)}
          {session.end.by !== null && (
            <span className="dim"> {say('session.by', { name: session.end.by })}</span>
          )}
        </p>
      )}
      <div className={classes.columns}>
        <div className={classes.side}>
          {session.endedAt === null && session.activeAt !== null && (
            <Thumbnail
              address={session.instanceId === null ? null : paths.thumbnail(session.instanceId)}
              alt={say('alt', { app: session.appName })}
            />
          )}
          <Facts
            items={[
              [
                say('col.app'),
                <Link to={`/streams/apps/${session.app}`} key="app">
                  {session.appName}
                </Link>,
              ],
              [say('col.who'), session.subject || say('anonymous')],
              [
                say('col.node'),
                session.nodeId === null ? (
                  '–'
                ) : (
                  <Link to={`/nodes/${session.nodeId}`} key="node">
                    {session.nodeName ?? session.nodeId}
                  </Link>
                ),
              ],
              [
                say('session.instance'),
                session.instanceId === null ? (
                  '–'
                ) : (
                  <Link to={`/streams/instances?open=${session.instanceId}`} key="instance">
                    {session.version === null
                      ? session.instanceId.slice(-8)
                      : say('version.n', { version: session.version })}
                  </Link>
                ),
              ],
              [
                say('session.queued'),
                <Duration key="queued" from={session.requestedAt} to={session.readyAt ?? session.endedAt} />,
              ],
              [say('session.lasted'), <Duration key="lasted" from={session.activeAt} to={session.endedAt} />],
            ]}
          />
        </div>
        <div className={classes.main}>
          <Players session={session} />
          <Section title={say('session.timeline')}>
            <SessionTimeline session={session} />
          </Section>
        </div>
      </div>
      <Arrival session={session} />
      {session.instanceId !== null && <Log instanceId={session.instanceId} />}
    </>
  );
}

function Log({ instanceId }: { readonly instanceId: string }) {
  const say = useTexts(streamTexts);
  const instance = useQuery(instanceQuery(instanceId));
  const allocation = instance.data?.allocationId ?? null;
  if (allocation === null) return null;
  return (
    <Section title={say('session.log')}>
      <LogView allocationId={allocation} height={240} />
    </Section>
  );
}
