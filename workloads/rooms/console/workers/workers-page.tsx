import {
  AsMenu,
  EmptyState,
  Link,
  Meter,
  Page,
  QueryView,
  Section,
  StateBadge,
  useFormat,
  useTexts,
} from '@backlot/console/workload';
import { IconCpu } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { HostUsage, WorkerUsage } from '../../contract/media/calls.ts';
import { ViewTabs } from '../parts/view-tabs.tsx';
import { hostsQuery } from '../queries.ts';
import { roomTexts } from '../texts.ts';
import classes from './workers-page.module.css';

/** The media workers of all nodes: what each carries, and how much more it can. */
export default function WorkersPage() {
  const say = useTexts(roomTexts);
  const hosts = useQuery(hostsQuery());
  return (
    <Page
      title={say('title')}
      aside={<ViewTabs active="workers" />}
      actions={<AsMenu apiPath="/api/v1/rooms/hosts" />}
    >
      <QueryView query={hosts} rows={6}>
        {(list) =>
          list.length === 0 ? (
            <EmptyState icon={<IconCpu size={28} />} title={say('worker.none')}>
              {say('worker.none.text')}
            </EmptyState>
          ) : (
            list.map((host) => (
              <Section
                key={host.nodeId}
                title={host.nodeName}
                aside={host.usage === null ? say('worker.silent') : <HostLine usage={host.usage} />}
              >
                {host.usage && <Host usage={host.usage} />}
              </Section>
            ))
          )
        }
      </QueryView>
    </Page>
  );
}

function HostLine({ usage }: { readonly usage: HostUsage }) {
  const say = useTexts(roomTexts);
  const format = useFormat();
  return `mediasoup ${usage.mediasoup} · ${say('host.uptime')} ${format.duration(usage.uptimeMs)} · ${format.bytes(usage.process.rss)}`;
}

function Host({ usage }: { readonly usage: HostUsage }) {
  const say = useTexts(roomTexts);
  return (
    <>
      <ul className={classes.workers}>
        {usage.workers.map((worker) => (
          <Worker key={worker.index} worker={worker} />
        ))}
      </ul>
      <p className={classes.rooms}>
        <span className="dim">{say('host.rooms')}: </span>
        {usage.rooms.length === 0
          ? say('host.rooms.none')
          : usage.rooms.map((room) => (
              <span key={room.roomId} className={classes.room}>
                <Link to={`/rooms/live/${room.roomId}`}>{room.name}</Link>{' '}
                <span className="dim">
                  {room.participants} · {say('col.worker')} {room.workers.join(', ') || '–'}
                </span>
              </span>
            ))}
      </p>
    </>
  );
}

function Worker({ worker }: { readonly worker: WorkerUsage }) {
  const say = useTexts(roomTexts);
  const format = useFormat();
  const { resources } = worker;
  const memory = typeof resources?.ru_maxrss === 'number' ? resources.ru_maxrss * 1_024 : null;
  return (
    <li className={classes.worker}>
      <p className={classes.head}>
        <strong>{say('worker.name', { index: worker.index })}</strong>
        <StateBadge
          state={worker.state === 'running' && resources === null ? 'unknown' : worker.state}
          tone={worker.state === 'running' && resources !== null ? 'running' : 'waiting'}
        />
      </p>
      <Meter
        label={say('worker.load')}
        value={worker.budgetPackets > 0 ? worker.predictedPackets / worker.budgetPackets : null}
        text={say('worker.packets', {
          used: format.number(worker.predictedPackets, 0),
          budget: format.number(worker.budgetPackets, 0),
        })}
        alarming
      />
      <Meter
        label="CPU"
        value={worker.cores}
        text={worker.cores === null ? '–' : say('worker.cores', { cores: format.number(worker.cores, 2) })}
        alarming
      />
      <p className="dim">
        {say('worker.counts', { producers: worker.producers, consumers: worker.consumers })} ·{' '}
        {format.bytes(memory)} · {say('worker.port', { port: worker.port })}
        {worker.restarts > 0 && ` · ${say('worker.restarts', { count: worker.restarts })}`}
      </p>
    </li>
  );
}
