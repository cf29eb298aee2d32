import {
  AsMenu,
  EmptyState,
  Link,
  ListView,
  listQuery,
  Meter,
  Page,
  StateBadge,
  type Tone,
  useFormat,
  useList,
  useSession,
  useTexts,
} from '@backlot/console/workload';
import { NodeView } from '@backlot/contract/api/nodes';
import { IconDatabase } from '@tabler/icons-react';
import { channelsQuery } from '../queries.ts';
import { ViewTabs } from '../shared/view-tabs.tsx';
import { broadcastTexts } from '../texts.ts';
import classes from './disk-page.module.css';
import { type DiskForecast, forecastDisks } from './forecast.ts';

/** How long each node can go on recording. */
export default function DiskPage() {
  const say = useTexts(broadcastTexts);
  const { can } = useSession();
  const nodes = useList(listQuery('/api/v1/nodes', NodeView, { limit: 500 }, ['node']));
  const channels = useList(channelsQuery({ state: 'live', limit: 500 }));
  // What is written is told by channels: before they are there, nothing would be said to be recorded.
  const shown = {
    ...nodes,
    items: channels.items && nodes.items,
    error: nodes.error ?? channels.error,
    retry: () => {
      nodes.retry();
      channels.retry();
    },
  };
  return (
    <Page
      title={say('disk.title')}
      aside={<ViewTabs active="disk" />}
      actions={<AsMenu apiPath="/api/v1/nodes" />}
    >
      {can('nodes.read') ? (
        <ListView list={shown}>
          {(items) => {
            const disks = forecastDisks(items, channels.items ?? []);
            return disks.length === 0 ? (
              <EmptyState
                icon={<IconDatabase size={28} stroke={1.4} />}
                title={say('disk.none')}
                action={<Link to="/nodes">{say('disk.none.text')}</Link>}
              />
            ) : (
              <>
                <p className={classes.lead}>{say('disk.text')}</p>
                <ul className={classes.nodes}>
                  {disks.map((disk) => (
                    <Disk key={disk.nodeId} disk={disk} />
                  ))}
                </ul>
              </>
            );
          }}
        </ListView>
      ) : (
        <EmptyState
          icon={<IconDatabase size={28} stroke={1.4} />}
          title={say('disk.noRight')}
          action={say('disk.noRight.text')}
        />
      )}
    </Page>
  );
}

const tones: Readonly<Record<DiskForecast['state'], Tone>> = {
  ok: 'done',
  low: 'waiting',
  full: 'failed',
  unknown: 'idle',
};

function Disk({ disk }: { readonly disk: DiskForecast }) {
  const say = useTexts(broadcastTexts);
  const format = useFormat();
  const free = say('disk.free', {
    free: format.bytes(disk.total - disk.used),
    all: format.bytes(disk.total),
  });
  return (
    <li className={classes.node}>
      <div className={classes.head}>
        <Link to={`/nodes/${disk.nodeId}`} className={classes.name}>
          {disk.name}
        </Link>
        <StateBadge state={disk.state} tone={tones[disk.state]} label={say(`disk.state.${disk.state}`)} />
        <span className="dim">{free}</span>
      </div>
      <div className={classes.bar}>
        <Meter
          label={say('disk.title')}
          value={disk.total > 0 ? disk.used / disk.total : null}
          text={format.percent(disk.total > 0 ? disk.used / disk.total : null)}
          alarming
        />
      </div>
      <dl className={classes.facts}>
        <div>
          <dt>{say('disk.writes')}</dt>
          <dd>
            {disk.live === 0
              ? say('disk.idle')
              : `${format.rate(disk.writes)} · ${say('disk.channels', { count: disk.live })}`}
          </dd>
        </div>
        {disk.hardMs !== null && (
          <div>
            <dt>{say('disk.until')}</dt>
            <dd>
              {say('disk.until.hard', { time: format.duration(disk.hardMs) })}
              {disk.softMs !== null && (
                <span className="dim">
                  {' '}
                  · {say('disk.until.soft', { time: format.duration(disk.softMs) })}
                </span>
              )}
            </dd>
          </div>
        )}
        {disk.held && (
          <div>
            <dt>{say('disk.held')}</dt>
            <dd>
              {format.bytes(disk.held.bytes)} · {say('disk.files', { count: disk.held.files })}
            </dd>
          </div>
        )}
        {disk.trash && (
          <div>
            <dt>{say('disk.trash')}</dt>
            <dd>
              {format.bytes(disk.trash.bytes)} · {say('disk.files', { count: disk.trash.files })}
            </dd>
          </div>
        )}
      </dl>
    </li>
  );
}
