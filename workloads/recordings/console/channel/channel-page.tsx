import {
  Ago,
  AsMenu,
  Bytes,
  ConfirmInline,
  Facts,
  Link,
  Page,
  QueryView,
  Section,
  transport,
  Until,
  useFormat,
  useGoTo,
  useNow,
  useParam,
  useReason,
  useSearch,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { Button } from '@mantine/core';
import { IconSettings } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { Channel } from '../../contract/channel.ts';
import { BroadcastTable } from '../broadcasts/broadcast-table.tsx';
import { channelPath, channelQuery } from '../queries.ts';
import { ChannelActions } from '../shared/channel-actions.tsx';
import { Loss, Ratio, useBitrate } from '../shared/figures.tsx';
import { ChannelBadge } from '../shared/states.tsx';
import { useAct } from '../shared/use-act.tsx';
import { recordingTexts } from '../texts.ts';
import classes from './channel-page.module.css';
import { Ingest } from './ingest.tsx';
import { LivePlayer } from './live-player.tsx';
import { SettingsPanel } from './settings-panel.tsx';

/** One channel: what it shows now, how well it arrives, what it has recorded. */
export default function ChannelPage() {
  const id = useParam('id');
  const say = useTexts(recordingTexts);
  const channel = useQuery(channelQuery(id));
  const [editing, setEditing] = useSearch('edit');
  const { can } = useSession();
  const mayWrite = channel.data !== undefined && can('recordings.write', channel.data.projectId);
  return (
    <Page
      title={channel.data?.settings.name ?? say('col.channel')}
      aside={channel.data && <ChannelBadge channel={channel.data} />}
      actions={
        <>
          {channel.data && <ChannelActions channel={channel.data} full />}
          {mayWrite && (
            <Button
              variant="default"
              leftSection={<IconSettings size={14} aria-hidden="true" />}
              onClick={() => setEditing('1')}
            >
              {say('form.edit')}
            </Button>
          )}
          <AsMenu apiPath={channelPath(id)} />
        </>
      }
    >
      <QueryView query={channel} rows={8}>
        {(data) => (
          <>
            <Content channel={data} mayWrite={mayWrite} />
            {editing !== undefined && mayWrite && (
              <SettingsPanel key={data.id} channel={data} onClose={() => setEditing(undefined)} />
            )}
          </>
        )}
      </QueryView>
    </Page>
  );
}

function Content({ channel, mayWrite }: { readonly channel: Channel; readonly mayWrite: boolean }) {
  const say = useTexts(recordingTexts);
  const sentence = useReason();
  const { settings, state } = channel;
  const isLive = state === 'live';
  return (
    <>
      <div className={classes.top}>
        <LivePlayer channel={channel} />
        <div className={classes.facts}>
          {channel.reason && <p className={classes.reason}>{sentence(channel.reason)}</p>}
          <Facts
            items={[
              ...(isLive ? liveFacts(channel, say) : []),
              ...(channel.title !== null ? [[say('fact.title'), channel.title] as const] : []),
              [say('fact.address'), <code key="address">{channel.address}</code>],
              ...(channel.nodeId !== null
                ? [
                    [
                      say('fact.node'),
                      <Link key="node" to={`/nodes/${channel.nodeId}`}>
                        {channel.nodeId.slice(-8)}
                      </Link>,
                    ] as const,
                  ]
                : []),
              ...(channel.nextAt !== null
                ? [[say('fact.next'), <Until key="next" at={channel.nextAt} />] as const]
                : []),
              ...(!isLive && channel.lastLiveAt !== null
                ? [[say('col.last'), <Ago key="last" at={channel.lastLiveAt} />] as const]
                : []),
            ]}
          />
        </div>
      </div>
      {settings.source.kind === 'push' && mayWrite && <Ingest channel={channel} />}
      <Section title={say('view.broadcasts')}>
        <BroadcastTable query={{ channelId: channel.id }} withChannel={false} maxHeight={420} />
      </Section>
      {mayWrite && state !== 'live' && state !== 'removed' && <Remove channel={channel} />}
    </>
  );
}

function liveFacts(channel: Channel, say: ReturnType<typeof useTexts<typeof recordingTexts.table>>) {
  const { live } = channel;
  return [
    [say('fact.bitrate'), <Bits key="bitrate" value={live?.bitrate} />],
    [say('fact.ratio'), <Ratio key="ratio" live={live} />],
    [say('fact.loss'), <Loss key="loss" ms={live?.lossMs} />],
    [say('fact.recorded'), <Bytes key="bytes" value={live?.bytes ?? null} />],
    [say('fact.since'), <Since key="since" wall={live?.startedWall ?? null} />],
    [
      say('fact.video'),
      live?.width && live.height ? `${live.width}×${live.height} · ${(live.codecs ?? []).join(', ')}` : '–',
    ],
  ] as const;
}

function Bits({ value }: { readonly value: number | undefined }) {
  const bitrate = useBitrate();
  return <>{bitrate(value)}</>;
}

function Since({ wall }: { readonly wall: number | null }) {
  const now = useNow();
  const format = useFormat();
  if (wall === null) return <>–</>;
  return <>{format.duration(Math.max(0, Math.floor((now - wall) / 1_000) * 1_000))}</>;
}

function Remove({ channel }: { readonly channel: Channel }) {
  const say = useTexts(recordingTexts);
  const goTo = useGoTo();
  const act = useAct();
  return (
    <div>
      <ConfirmInline
        danger
        variant="subtle"
        label={say('remove')}
        question={say('remove.ask', { name: channel.settings.name })}
        confirm={say('remove')}
        onConfirm={async () => {
          await act.whole(() => transport().run('DELETE', channelPath(channel.id)));
          goTo('/recordings');
        }}
      />
    </div>
  );
}
