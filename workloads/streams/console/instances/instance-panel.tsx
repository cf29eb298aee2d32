import {
  AsMenu,
  ConfirmInline,
  Duration,
  Facts,
  FailureNotice,
  Link,
  LogView,
  ProblemNotice,
  QueryView,
  SidePanel,
  Thumbnail,
  transport,
  useFormat,
  useReason,
  useSession,
  useTexts,
  WaitReason,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { Instance } from '../../contract/api.ts';
import { instanceQuery, paths } from '../queries.ts';
import { InstanceBadge } from '../shared/states.tsx';
import { useAct } from '../shared/use-act.ts';
import { streamTexts } from '../texts.ts';
import classes from './instance-panel.module.css';

/** One instance beside the list: its picture, what it takes, why it failed, and its log. */
export function InstancePanel({ id, onClose }: { readonly id: string; readonly onClose: () => void }) {
  const say = useTexts(streamTexts);
  const instance = useQuery(instanceQuery(id));
  return (
    <SidePanel
      title={instance.data ? say('instance', { app: instance.data.appName }) : say('session.instance')}
      actions={<AsMenu apiPath={paths.instance(id)} />}
      onClose={onClose}
    >
      <QueryView query={instance} rows={6}>
        {(data) => <Content instance={data} />}
      </QueryView>
    </SidePanel>
  );
}

function Content({ instance }: { readonly instance: Instance }) {
  const say = useTexts(streamTexts);
  const format = useFormat();
  const sentence = useReason();
  const { facts } = instance;
  return (
    <div className={classes.panel}>
      <InstanceBadge state={instance.state} failed={instance.failure !== null} />
      <WaitReason reason={instance.wait} />
      {instance.retiring && <p className="dim">{sentence(instance.retiring)}</p>}
      {instance.end && <p>{sentence(instance.end.sentence)}</p>}
      {instance.failure && <FailureNotice failure={instance.failure} />}
      {instance.connected && instance.endedAt === null && (
        <Thumbnail address={paths.thumbnail(instance.id)} alt={say('alt', { app: instance.appName })} />
      )}
      <Actions instance={instance} />
      <Facts
        items={[
          [
            say('col.app'),
            <Link to={`/streams/apps/${instance.app}`} key="app">
              {instance.appName}
            </Link>,
          ],
          [
            say('col.node'),
            instance.nodeId === null ? (
              '–'
            ) : (
              <Link to={`/nodes/${instance.nodeId}`} key="node">
                {instance.nodeName ?? instance.nodeId}
              </Link>
            ),
          ],
          [say('col.gpu'), instance.gpu === null ? '–' : say('instances.gpu', { index: instance.gpu })],
          [
            say('instance.streamer'),
            say(instance.connected ? 'instance.streamer.yes' : 'instance.streamer.no'),
          ],
          [
            say('session'),
            instance.sessionId === null ? (
              '–'
            ) : (
              <Link to={`/streams/sessions/${instance.sessionId}`} key="session">
                {instance.sessionId.slice(-8)}
              </Link>
            ),
          ],
          [say('col.served'), instance.sessions],
          [say('col.memory'), format.bytes(facts?.memory)],
          [say('instances.vram'), format.bytes(facts?.vram)],
          [
            say('instance.cpu'),
            facts?.cpu == null ? '–' : say('instance.cores', { count: format.number(facts.cpu, 2) }),
          ],
          [say('instance.processes'), facts?.processes ?? '–'],
          [
            say('instance.started'),
            instance.readyAt === null ? (
              '–'
            ) : (
              <Duration key="start" from={instance.requestedAt} to={instance.readyAt} />
            ),
          ],
          [
            say('session.lasted'),
            <Duration key="age" from={instance.startedAt ?? instance.requestedAt} to={instance.endedAt} />,
          ],
        ]}
      />
      {instance.allocationId !== null && <LogView allocationId={instance.allocationId} height={260} />}
    </div>
  );
}

function Actions({ instance }: { readonly instance: Instance }) {
  const say = useTexts(streamTexts);
  const { can } = useSession();
  const act = useAct();
  if (instance.endedAt !== null || !can('streams.operate', instance.projectId)) return null;
  const stop = (when: 'now' | 'after-session') => () =>
    transport().run('POST', paths.stop(instance.id), { json: { when } });
  return (
    <div className={classes.actions}>
      <ConfirmInline
        danger
        label={say('instance.stop')}
        question={say('instance.stop.question')}
        confirm={say('instance.stop.confirm')}
        onConfirm={() => act.mutateAsync(stop('now'))}
      />
      {instance.state === 'assigned' && instance.retiring === null && (
        <Button variant="default" loading={act.isPending} onClick={() => act.mutate(stop('after-session'))}>
          {say('instance.stop.after')}
        </Button>
      )}
      {act.error && <ProblemNotice error={act.error} inline />}
    </div>
  );
}
